#!/usr/bin/env python3
"""A Markdown table of runs: held-out accuracy and think-rate before and after, grade by grade where there are several.

    recipes/experiments/report.py runs/experiments/when-to-think-1 …
    recipes/experiments/report.py --metrics friends/reward_accuracy,one/reward_accuracy runs/experiments/friends-1

The interval is of the difference after - before, by a paired bootstrap over problems (2,000 resamples). With --metrics: of
the steps, the mean of the first five, of the last ten and of all, and the difference of all to the first metric, over steps."""
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


METRICS = """SELECT metrics.value FROM metrics JOIN steps ON steps.id = metrics.step_id
             WHERE metrics.name = ? AND steps.stage NOT IN ('sft', 'eval', 'eval_direct') ORDER BY steps.id"""


def metric_rows(folder, names):
    database = sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)
    values = {name: [value for (value,) in database.execute(METRICS, (name,))] for name in names}
    first = values[names[0]]
    for name in names:
        if not values[name]:
            continue
        row = f"| {folder.name} | {name} | " + " | ".join(
            f"{mean(part):.3f}" for part in (values[name][:5], values[name][-10:], values[name]))
        if name != names[0] and len(first) == len(values[name]):
            low, high = interval(values[name], first)
            row += f" | {low:+.3f} to {high:+.3f}"
        else:
            row += " | "
        yield row + " |"


def main():
    if sys.argv[1:2] == ["--metrics"]:
        print("| run | metric | first 5 | last 10 | all | first metric above this |\n|---|---|---|---|---|---|")
        for name in sys.argv[3:]:
            for row in metric_rows(pathlib.Path(name), sys.argv[2].split(",")):
                print(row)
        return
    print("| run | grade | problems | thinks, % | right, % | difference |\n|---|---|---|---|---|---|")
    for name in sys.argv[1:]:
        for row in rows(pathlib.Path(name)):
            print(row)


if __name__ == "__main__":
    main()
