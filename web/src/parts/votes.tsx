// Answers drawn as votes: each as long as its share, the correct ones among them apart where that is known.
import type { Votes } from '../lib/api';
import { plural } from '../lib/format';
import { visible } from './text';

const kShown = 8;

export function VoteBars({ votes, total }: { votes: Votes; total: number }) {
  const { answers, none } = votes;
  if (total < 2 || (answers.length === 0 && none === 0)) return null;
  const others = answers.slice(kShown).reduce((n, a) => n + a.count, 0);
  const plain = (count: number) => (
    <span class="track" aria-hidden="true"><i class="none" style={{ width: `${(100 * count) / total}%` }} /></span>
  );
  const judged = (count: number, correct: number) => (
    <span class="track" aria-hidden="true">
      <i class="yes" style={{ width: `${(100 * correct) / total}%` }} />
      <i style={{ width: `${(100 * (count - correct)) / total}%` }} />
    </span>
  );
  return (
    <section aria-label="votes">
      <h3 style={{ marginBottom: '0.4rem' }} title={`Answers as the verifier “${votes.compared_by}” reads and compares them`}>Votes</h3>
      <div class="votes">
        {answers.slice(0, kShown).map((a, i) => (
          <>
            <span class="answer mono" title={a.answer}>{visible(a.answer)}</span>
            {a.correct === undefined ? plain(a.count) : judged(a.count, a.correct)}
            <span class="num">{a.count} of {total}{i === 0 && answers.length > 1 && a.count > (answers[1]?.count ?? 0) && <span class="soft"> majority</span>}{(a.correct ?? 0) > 0 && <span class="good"> ✓</span>}</span>
          </>
        ))}
        {others > 0 && <><span class="soft answer">{plural(answers.length - kShown, 'other')}</span>{plain(others)}<span class="num">{others}</span></>}
        {none > 0 && <><span class="soft answer">no answer</span>{plain(none)}<span class="num">{none}</span></>}
      </div>
    </section>
  );
}
