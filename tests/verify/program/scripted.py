"""A program whose answers the test writes into the completion: "say LINE" (ID is the question's number)."""
import json
import os
import sys
import time

for text in sys.stdin:
    question = json.loads(text)
    word, _, rest = question["completion"].partition(" ")
    if word == "say":
        print(rest.replace("ID", str(question["id"])))
    elif word == "show":
        print(json.dumps({"id": question["id"], "score": 1, "detail": text.strip()}))
    elif word == "pid":
        print(json.dumps({"id": question["id"], "score": 1, "detail": str(os.getpid())}))
    elif word == "echo":
        print(json.dumps({"id": question["id"], "score": float(rest), "detail": rest}))
    elif word == "die":
        print("first line\nKeyError: " + rest, file=sys.stderr)
        os._exit(3)
    elif word == "hang":
        time.sleep(1000)
    elif word == "large":
        print('{"score": 1, "detail": "' + "x" * int(rest) + '"}')
