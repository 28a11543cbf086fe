"""splunk-data-sender: gzip, batches, a channel, and acknowledgement until every id is true.

Arguments: port, token, count.
"""
import sys
import time
import uuid

from splunk_data_sender import SplunkSender

port, token, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sender = SplunkSender(
    endpoint="127.0.0.1", protocol="http", port=port, token=token, channel=str(uuid.uuid4()),
    channel_in="header", source_type="httpevent", max_buf_size=25, verify=False,
)
assert sender.get_health()
open_ids = set()
for n in range(count):
    reply = sender.send_data({"text": f"serial=splunk-data-sender-{n}", "n": n})
    if reply is not None:
        open_ids.add(reply["ackId"])
reply = sender.flush_buffer()
if reply is not None:
    open_ids.add(reply["ackId"])
asked, until = len(open_ids), time.time() + 60
assert asked == (count + 24) // 25, asked
while open_ids and time.time() < until:
    answers = sender.send_acks(sorted(open_ids))["acks"]
    open_ids -= {int(ack) for ack, is_confirmed in answers.items() if is_confirmed}
    time.sleep(0.5)
print(f"acknowledged {asked - len(open_ids)} of {asked}")
sys.exit(1 if open_ids else 0)
