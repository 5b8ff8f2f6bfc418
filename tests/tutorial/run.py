#!/usr/bin/env python3
"""Runs every command of docs/tutorial.md in order, in an empty folder, with the program given; checks what it claims.

    run.py HONE TUTORIAL [--exact]

Of a ```text block after a command, the fixed words must be in the command's output in this order (numbers and what models
wrote differ between kinds of processor); with --exact every line must be, as it is.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
QUESTION = "5+2-9\n"


def run_block(text, folder, environment):
    """The output of a block; a server is stopped as by Ctrl-C once it has said where it is."""
    if re.match(r"hone ui", text):
        server = subprocess.Popen(["sh", "-ec", "exec " + text.strip() + " --port 0"], cwd=folder, env=environment,
                                  stdout=subprocess.PIPE, text=True)
        line = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        return server.wait(timeout=60), line
    done = subprocess.run(["sh", "-euc", text], cwd=folder, env=environment, input=QUESTION, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    return done.returncode, done.stdout


def fixed_words(line):
    return [word for word in re.findall(r"[A-Za-z][A-Za-z-]{2,}", line)]


def missing_line(block, output, exact):
    """The first line of a text block that the output does not have after the ones before; None: all are there."""
    rest = output.split("\n")
    for line in block.strip("\n").split("\n"):
        if line in ("", "…") or (not exact and ("<answer>" in line or "reference:" in line or not fixed_words(line))):
            continue
        for i, have in enumerate(rest):
            if have.rstrip() == line.rstrip() or (not exact and fixed_words(have) == fixed_words(line)):
                rest = rest[i + 1:]
                break
        else:
            return line
    return None


def accuracies(output):
    """Of the last table `held out, before, after`."""
    found = re.findall(r"^accuracy of \d+ problems +([\d.]+) % +([\d.]+) %", output, re.M)
    return tuple(float(x) for x in found[-1]) if found else (0.0, 0.0)


def claims(outputs):
    """What the text says of its own numbers."""
    trained = [o for block, o in outputs if "hone train" in block]
    if len(trained) != 3:
        return ["three trainings"]
    wrong = []
    for name, output, least in zip(("first", "multiples", "below-100"), trained, (25, 40, 15)):
        before, after = accuracies(output)
        if after < before + least:
            wrong.append(f"{name} gains {least} points, not from {before} to {after}")
    if not re.search(r"correct .*<answer>\d{3,}</answer>", trained[1]):
        wrong.append("multiples cheats with large numbers")
    if re.search(r"correct .*<answer>\d{3,}</answer>", trained[2]):
        wrong.append("below-100 cannot")
    if not any("B beats A." in o for block, o in outputs if "hone compare" in block):
        wrong.append("the trained model beats the one before")
    return wrong


def main():
    hone, tutorial = os.path.abspath(sys.argv[1]), sys.argv[2]
    exact = "--exact" in sys.argv
    with open(tutorial, encoding="utf-8") as file:
        blocks = FENCE.findall(file.read())
    if sum(kind == "sh" for kind, _ in blocks) < 10:
        sys.exit("the tutorial must hold its commands as ```sh blocks")
    outputs, failed, began = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "bin"))
        os.makedirs(os.path.join(folder, "empty"))
        os.symlink(hone, os.path.join(folder, "bin", "hone"))
        environment = dict(os.environ, PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"], LC_ALL="C.UTF-8")
        for kind, text in blocks:
            if kind == "text":
                line = missing_line(text, outputs[-1][1], exact)
                if line is not None:
                    failed += 1
                    print(f"--- {outputs[-1][0].strip().splitlines()[-1]}\n{outputs[-1][1]}--- has no line: {line}")
            if kind != "sh":
                continue
            code, output = run_block(text, os.path.join(folder, "empty"), environment)
            outputs.append((text, output))
            if "--show" in sys.argv:
                print(f"$ {text}{output}")
            if code != 0:
                sys.exit(f"--- exit code {code} of:\n{text}--- which said:\n{output}")
    wrong = claims(outputs)
    for claim in wrong:
        print(f"the tutorial says: {claim}")
    print(f"{len(outputs)} blocks in {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed or wrong else 0)


if __name__ == "__main__":
    main()
