$( A small logic for tests: propositional calculus, quantifiers and equality, with proofs in compressed and
   normal form, disjoint variables and dummy variables. $)
  $c ( ) -> -. |- wff setvar A. = $.
  $v ph ps ch $.
  $v x y z $.
  wph $f wff ph $.
  wps $f wff ps $.
  wch $f wff ch $.
  vx $f setvar x $.
  vy $f setvar y $.
  vz $f setvar z $.
  wi $a wff ( ph -> ps ) $.
  wn $a wff -. ph $.
  wal $a wff A. x ph $.
  weq $a wff x = y $.

  $( Detachment. $)
  ${
    mp.1 $e |- ph $.
    mp.2 $e |- ( ph -> ps ) $.
    mp $a |- ps $.
  $}

  $( What holds holds under any condition. $)
  keep $a |- ( ph -> ( ps -> ph ) ) $.

  $( A condition goes through an implication. $)
  share $a |- ( ( ph -> ( ps -> ch ) ) -> ( ( ph -> ps ) -> ( ph -> ch ) ) ) $.

  $( Contraposition. $)
  turn $a |- ( ( -. ph -> -. ps ) -> ( ps -> ph ) ) $.

  $( Generalisation. $)
  ${
    gen.1 $e |- ph $.
    gen $a |- A. x ph $.
  $}

  $( A quantifier over what is not mentioned. $)
  ${
    $d x ph $.
    vac $a |- ( ph -> A. x ph ) $.
  $}

  $( And off again. $)
  ${
    $d x ph $.
    drop $a |- ( A. x ph -> ph ) $.
  $}

  $( Quantifiers go through implications. $)
  spread $a |- ( A. x ( ph -> ps ) -> ( A. x ph -> A. x ps ) ) $.

  $( Something equals y. $)
  ${
    $d x y $.
    exist $a |- -. A. x -. x = y $.
  $}

  $( Equals of one are equal. $)
  eucl $a |- ( x = y -> ( x = z -> y = z ) ) $.

  $( Under any condition. $)
  ${
    keepi.1 $e |- ph $.
    keepi $p |- ( ps -> ph ) $=
      wph wps wph wi keepi.1 wph wps keep mp $.
  $}

  $( Inference of share. $)
  ${
    sharei.1 $e |- ( ph -> ( ps -> ch ) ) $.
    sharei $p |- ( ( ph -> ps ) -> ( ph -> ch ) ) $=
      ( wi share mp ) ABCEEABEACEEDABCFG $.
  $}

  $( Detachment under a condition. $)
  ${
    mpd.1 $e |- ( ph -> ps ) $.
    mpd.2 $e |- ( ph -> ( ps -> ch ) ) $.
    mpd $p |- ( ph -> ch ) $=
      ( wi sharei mp ) ABFACFDABCEGH $.
  $}

  $( Implications form chains. $)
  ${
    chain.1 $e |- ( ph -> ps ) $.
    chain.2 $e |- ( ps -> ch ) $.
    chain $p |- ( ph -> ch ) $=
      ( wi keepi mpd ) ABCDBCFAEGH $.
  $}

  $( Identity. $)
  id $p |- ( ph -> ph ) $=
    ( wi keep mpd ) AAABZAAACAECD $.

  $( Identity under a condition. $)
  idd $p |- ( ph -> ( ps -> ps ) ) $=
  wps wps wi wph wps id keepi $.

  $( Inference of turn. $)
  ${
    turni.1 $e |- ( -. ph -> -. ps ) $.
    turni $p |- ( ps -> ph ) $=
      ( wn wi turn mp ) ADBDEBAECABFG $.
  $}

  $( From a contradiction, anything. $)
  absurd $p |- ( -. ph -> ( ph -> ps ) ) $=
    ( wn wi keep turn chain ) ACZBCZHDABDHIEBAFG $.

  $( Conditions change places. $)
  ${
    com12.1 $e |- ( ph -> ( ps -> ch ) ) $.
    com12 $p |- ( ps -> ( ph -> ch ) ) $=
      ( wi keep sharei chain ) BABEACEBAFABCDGH $.
  $}

  $( Clavius: what follows from its negation holds. $)
  clav $p |- ( ( -. ph -> ph ) -> ph ) $=
    ( wn wi id keepi absurd sharei turn chain mpd mp ) ABZACZACZNMAACZAOMADEMLO
    BZCOACLAPAPFGAOHIJNDK $.

  $( Two negations. $)
  dneg $p |- ( -. -. ph -> ph ) $=
    ( wn wi absurd clav chain ) ABZBGACAGADAEF $.

  $( Under a quantifier. $)
  ${
    alimi.1 $e |- ( ph -> ps ) $.
    alimi $p |- ( A. x ph -> A. x ps ) $=
      ( wi wal gen spread mp ) ABEZCFACFBCFEJCDGABCHI $.
  $}

  $( Identity by way of a variable that is mentioned nowhere else. $)
  ${
    $d y ph $.
    wander $p |- ( ph -> ph ) $=
      wph wph vy wal wph wph vy vac wph vy drop chain $.
  $}

  $( From one variable to another. $)
  ${
    $d x y ph $.
    swap $p |- ( A. x ph -> A. y ph ) $=
      ( wal drop vac chain ) ABDAACDABEACFG $.
  $}

  $( Two quantifiers off. $)
  ${
    $d x ph $.
    $d y ph $.
    deep $p |- ( A. x A. y ph -> ph ) $=
      wph vy wal vx wal wph vx wal wph wph vy wal wph vx wph vy drop alimi wph
      vx drop chain $.
  $}

  $( Variables inside an expression count. $)
  ${
    $d x z $.
    $d y z $.
    inst $p |- ( x = y -> A. z ( ph -> x = y ) ) $=
      ( weq wal wi vac keep alimi chain ) BCEZLDFALGZDFLDHLMDLAIJK $.
  $}
