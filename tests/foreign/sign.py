"""Signs webhooks by the reference package: told as JSON, answers one signature for each body."""
import base64
import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook

told = json.load(sys.stdin)
webhook = Webhook(told["secret"])
at = datetime.fromtimestamp(told["at"], timezone.utc)
bodies = [base64.b64decode(body).decode() for body in told["bodies"]]
print(json.dumps([webhook.sign(told["id"], at, body) for body in bodies]))
