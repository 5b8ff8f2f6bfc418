#!/usr/bin/env python3
"""A Markdown table of runs: held-out accuracy and think-rate before and after, grade by grade where there are several.

    recipes/experiments/report.py runs/experiments/when-to-think-1 …

The interval is of the difference after - before, by a paired bootstrap over problems (2,000 resamples)."""
import pathlib
import random
import sqlite3
import sys

QUERY = """SELECT groups.position, groups.difficulty, avg(rollouts.correct),
                  avg(rollouts.text LIKE '%<think>%' AND rollouts.text NOT LIKE '%<think></think>%')
           FROM groups JOIN rollouts ON rollouts.group_id = groups.id JOIN steps ON steps.id = groups.step_id
           WHERE steps.stage = 'eval' AND steps.step = ? GROUP BY groups.id ORDER BY groups.position"""


def interval(before, after, draws=2000):
    """The 95 % interval of the mean difference."""
    differences = [b - a for a, b in zip(before, after)]
    generator = random.Random(1)
    means = sorted(sum(generator.choices(differences, k=len(differences))) / len(differences) for _ in range(draws))
    return means[int(0.025 * draws)], means[int(0.975 * draws) - 1]


def mean(values):
    return sum(values) / len(values)


def rows(folder):
    database = sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)
    steps = [step for (step,) in database.execute("SELECT step FROM steps WHERE stage = 'eval' ORDER BY step")]
    before, after = (database.execute(QUERY, (step,)).fetchall() for step in (steps[0], steps[-1]))
    for grade in sorted({row[1] for row in after}):
        old, new = ([row for row in rows if row[1] == grade] for rows in (before, after))
        low, high = interval([row[2] for row in old], [row[2] for row in new])
        yield (f"| {folder.name} | {grade} | {len(new)} | {100 * mean([row[3] for row in old]):.1f} → "
               f"{100 * mean([row[3] for row in new]):.1f} | {100 * mean([row[2] for row in old]):.1f} → "
               f"{100 * mean([row[2] for row in new]):.1f} | {100 * low:+.1f} to {100 * high:+.1f} |")


def main():
    print("| run | grade | problems | thinks, % | right, % | difference |\n|---|---|---|---|---|---|")
    for name in sys.argv[1:]:
        for row in rows(pathlib.Path(name)):
            print(row)


if __name__ == "__main__":
    main()
