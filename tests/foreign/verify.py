"""Is a webhook theirs, by the reference package? Reads one as JSON, says what it holds."""
import base64
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

told = json.load(sys.stdin)
try:
    held = Webhook(told["secret"]).verify(base64.b64decode(told["body"]), told["headers"])
    print(json.dumps({"held": held}))
except WebhookVerificationError as error:
    print(json.dumps({"refused": str(error)}))
