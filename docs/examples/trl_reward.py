"""A reward function for TRL's GRPOTrainer that asks `hone serve --verify`.

    trainer = GRPOTrainer(..., reward_funcs=hone_reward, train_dataset=dataset)

The dataset's columns are the rows' keys: `reference` (or `answer`), `verifier`, `tests`, `language`, `statement` …
What hone could not decide is None, which TRL leaves out of the reward. HONE_URL and HONE_TOKEN say where hone is.
"""

import json
import os
import urllib.request

URL = os.environ.get("HONE_URL", "http://127.0.0.1:8643") + "/verify"
TOKEN = os.environ.get("HONE_TOKEN", "")


def hone_reward(completions, **columns):
    texts = [c if isinstance(c, str) else c[-1]["content"] for c in completions]  # plain, or chat messages
    own = {"prompts", "completion_ids"}  # TRL's, which no verifier needs
    columns = {k: v for k, v in columns.items() if isinstance(v, list) and len(v) == len(texts) and k not in own}
    rows = [{k: v[i] for k, v in columns.items() if v[i] is not None} | {"completion": t} for i, t in enumerate(texts)]
    headers = {"Content-Type": "application/json"} | ({"Authorization": "Bearer " + TOKEN} if TOKEN else {})
    request = urllib.request.Request(URL, json.dumps(rows, default=str).encode(), headers)
    with urllib.request.urlopen(request, timeout=600) as response:
        return [row["score"] for row in json.load(response)]
