$( Propositional calculus with implication and negation: Lukasiewicz's three axioms, modus ponens, and the
   lemmas by which short proofs are written. Labels and statements are those of Metamath's set.mm, so that what
   is proved here is proved there; the proofs are hone's own, and everything follows from the axioms. $)

$c ( ) -> -. wff |- $.
$v ph ps ch th $.
wph $f wff ph $.
wps $f wff ps $.
wch $f wff ch $.
wth $f wff th $.
wn $a wff -. ph $.
wi $a wff ( ph -> ps ) $.

${
  min $e |- ph $.
  maj $e |- ( ph -> ps ) $.
  $( Modus ponens. $)
  ax-mp $a |- ps $.
$}

$( Lukasiewicz 1: what holds follows from anything. $)
ax-1 $a |- ( ph -> ( ps -> ph ) ) $.

$( Lukasiewicz 2: implication distributes over itself. $)
ax-2 $a |- ( ( ph -> ( ps -> ch ) ) -> ( ( ph -> ps ) -> ( ph -> ch ) ) ) $.

$( Lukasiewicz 3: contraposition backwards. $)
ax-3 $a |- ( ( -. ph -> -. ps ) -> ( ps -> ph ) ) $.

${
  a1i.1 $e |- ph $.
  $( Put any antecedent before a theorem. $)
  a1i $p |- ( ps -> ph ) $=
    wph wps wph wi a1i.1 wph wps ax-1 ax-mp $.
$}

${
  a2i.1 $e |- ( ph -> ( ps -> ch ) ) $.
  $( ax-2 as a rule. $)
  a2i $p |- ( ( ph -> ps ) -> ( ph -> ch ) ) $=
    wph wps wch wi wi wph wps wi wph wch wi wi a2i.1 wph wps wch ax-2 ax-mp $.
$}

${
  mpd.1 $e |- ( ph -> ps ) $.
  mpd.2 $e |- ( ph -> ( ps -> ch ) ) $.
  $( Modus ponens under an antecedent. $)
  mpd $p |- ( ph -> ch ) $=
    wph wps wi wph wch wi mpd.1 wph wps wch mpd.2 a2i ax-mp $.
$}

${
  syl.1 $e |- ( ph -> ps ) $.
  syl.2 $e |- ( ps -> ch ) $.
  $( Syllogism. $)
  syl $p |- ( ph -> ch ) $=
    wph wps wch syl.1 wps wch wi wph syl.2 a1i mpd $.
$}

$( Identity. $)
id $p |- ( ph -> ph ) $=
  wph wph wph wi wph wph wph ax-1 wph wph wph wi ax-1 mpd $.

${
  com12.1 $e |- ( ph -> ( ps -> ch ) ) $.
  $( Two antecedents change places. $)
  com12 $p |- ( ps -> ( ph -> ch ) ) $=
    wps wph wps wi wph wch wi wps wph ax-1 wph wps wch com12.1 a2i syl $.
$}

${
  imim2i.1 $e |- ( ph -> ps ) $.
  $( The same antecedent on both sides. $)
  imim2i $p |- ( ( ch -> ph ) -> ( ch -> ps ) ) $=
    wch wph wps wph wps wi wch imim2i.1 a1i a2i $.
$}

$( imim2i inside a formula. $)
imim2 $p |- ( ( ph -> ps ) -> ( ( ch -> ph ) -> ( ch -> ps ) ) ) $=
  wph wps wi wch wph wps wi wi wch wph wi wch wps wi wi wph wps wi wch ax-1 wch wph wps ax-2 syl $.

${
  imim1i.1 $e |- ( ph -> ps ) $.
  $( The same consequent on both sides, turned round. $)
  imim1i $p |- ( ( ps -> ch ) -> ( ph -> ch ) ) $=
    wps wch wi wph wps wi wph wch wi wph wps wi wps wch wi imim1i.1 a1i wps wch wph imim2 mpd $.
$}

$( Modus ponens inside a formula. $)
pm2.27 $p |- ( ph -> ( ( ph -> ps ) -> ps ) ) $=
  wph wps wi wph wps wph wps wi id com12 $.

${
  pm2.43i.1 $e |- ( ph -> ( ph -> ps ) ) $.
  $( An antecedent counts once. $)
  pm2.43i $p |- ( ph -> ps ) $=
    wph wph wps wph id pm2.43i.1 mpd $.
$}

$( From a contradiction, anything. $)
pm2.21 $p |- ( -. ph -> ( ph -> ps ) ) $=
  wph wn wps wn wph wn wi wph wps wi wph wn wps wn ax-1 wps wph ax-3 syl $.

$( pm2.21 with its antecedents exchanged. $)
pm2.24 $p |- ( ph -> ( -. ph -> ps ) ) $=
  wph wn wph wps wph wps pm2.21 com12 $.

$( Two negations go. $)
notnotr $p |- ( -. -. ph -> ph ) $=
  wph wn wn wph wph wn wn wph wn wph wn wn wn wi wph wn wn wph wi wph wn wph wn wn wn pm2.21 wph
  wph wn wn ax-3 syl pm2.43i $.

$( Two negations come. $)
notnot $p |- ( ph -> -. -. ph ) $=
  wph wn wn wn wph wn wi wph wph wn wn wi wph wn notnotr wph wn wn wph ax-3 ax-mp $.

${
  con3i.1 $e |- ( ph -> ps ) $.
  $( Contraposition. $)
  con3i $p |- ( -. ps -> -. ph ) $=
    wph wn wn wps wn wn wi wps wn wph wn wi wph wn wn wps wps wn wn wph wn wn wph wps wph notnotr
    con3i.1 syl wps notnot syl wph wn wps wn ax-3 ax-mp $.
$}

$( What follows from its own negation holds. $)
pm2.18 $p |- ( ( -. ph -> ph ) -> ph ) $=
  wph wn wph wi wph wph wn wph wi wph wn wph wn wph wi wn wi wph wn wph wi wph wi wph wn wph wph wn
  wph wi wn wph wph wn wph wi wn pm2.21 a2i wph wph wn wph wi ax-3 syl pm2.43i $.

$( What implies its own negation does not hold. $)
pm2.01 $p |- ( ( ph -> -. ph ) -> -. ph ) $=
  wph wph wn wi wph wn wn wph wn wi wph wn wph wn wn wph wph wn wph notnotr imim1i wph wn pm2.18
  syl $.

$( Peirce's law. $)
peirce $p |- ( ( ( ph -> ps ) -> ph ) -> ph ) $=
  wph wps wi wph wi wph wn wph wi wph wph wn wph wps wi wph wph wps pm2.21 imim1i wph pm2.18 syl $.
