"""A verifier of one's own: is the completion's last word the reference?"""
import json
import sys

for line in sys.stdin:
    row = json.loads(line)
    words = row["completion"].split()
    last = words[-1].strip(".") if words else ""
    print(json.dumps({"id": row["id"], "score": last == row["reference"], "detail": f"'{last}'"}), flush=True)
