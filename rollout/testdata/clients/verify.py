import json
import sys

from gepa_client import verify

given = json.loads(sys.argv[1])
headers, body = given["headers"], given["body"].encode()
print(verify("s3cret", headers, body))
print(verify("wrong", headers, body))
print(verify("s3cret", headers, body + b" "))
print(verify("s3cret", headers, body, max_age=-1))
