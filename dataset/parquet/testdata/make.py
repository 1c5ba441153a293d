"""Writes the Parquet files of this folder with pyarrow, and what they hold as JSON.

Run by hand, in an environment that has pyarrow, where the files are to be changed:

    python make.py

hotpot.parquet has the schema of HotpotQA's distractor set as Hugging Face serves it; hotpot.json holds the same
examples in the form of the official file. The texts are our own. types.parquet has a column of every type that is
decoded, with nulls and empty lists; types.jsonl holds its rows as they are to be read.
"""
import datetime as dt
import decimal
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq

PARAGRAPHS = [
    ("Oru Bridge", ["The Oru Bridge crosses the Sarn at Teln.", " It was built by Mila Vant in 1901.", " “Its arches”, she wrote, “carry themselves”."]),
    ("Teln", ["Teln is a city on the Sarn."]),
    ("Mila Vant", ["Mila Vant (born 3 May 1870) was an engineer", ", best known for her bridges.", " She was born in Kesh."]),
    ("Kesh", ["Kesh is a town in the hills.", " Its tower is 40 m high."]),
    ("Café Løn", ["Café Løn stands beside the bridge.\n", "It opened in 1902."]),
    ("Empty", []),
]
QUESTIONS = [
    ("5a01", "Where was the builder of the Oru Bridge born?", "Kesh", "bridge", "hard", [("Oru Bridge", 1), ("Mila Vant", 2)], [0, 1, 2, 3]),
    ("5a02", "Is Café Løn older than the Oru Bridge?", "no", "comparison", "medium", [("Oru Bridge", 1), ("Café Løn", 1)], [4, 0, 5]),
    ("5a03", "How high is the tower of Kesh?", "40 m", "bridge", "easy", [("Kesh", 1)], [3, 2]),
]


def hotpot():
    official, rows = [], []
    for number in range(40):
        i, question, answer, kind, level, facts, places = QUESTIONS[number % len(QUESTIONS)]
        context = [PARAGRAPHS[p] for p in places]
        i, question = f"{i}-{number}", f"{question} ({number})"
        official.append({
            "supporting_facts": [[t, s] for t, s in facts], "level": level, "question": question,
            "context": [[t, s] for t, s in context], "answer": answer, "_id": i, "type": kind,
        })
        rows.append({
            "id": i, "question": question, "answer": answer, "type": kind, "level": level,
            "supporting_facts": {"title": [t for t, _ in facts], "sent_id": [s for _, s in facts]},
            "context": {"title": [t for t, _ in context], "sentences": [s for _, s in context]},
        })
    schema = pa.schema([
        ("id", pa.string()), ("question", pa.string()), ("answer", pa.string()), ("type", pa.string()), ("level", pa.string()),
        ("supporting_facts", pa.struct([("title", pa.list_(pa.string())), ("sent_id", pa.list_(pa.int32()))])),
        ("context", pa.struct([("title", pa.list_(pa.string())), ("sentences", pa.list_(pa.list_(pa.string())))])),
    ])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), "hotpot.parquet", row_group_size=16)
    with open("hotpot.json", "w", encoding="utf-8") as f:
        json.dump(official, f)


def types():
    when = dt.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=dt.timezone.utc)
    columns = [
        ("bool", pa.bool_(), [True, None, False], [True, None, False]),
        ("i8", pa.int8(), [-128, None, 127], [-128, None, 127]),
        ("u8", pa.uint8(), [255, None, 0], [255, None, 0]),
        ("u32", pa.uint32(), [4294967295, None, 0], [4294967295, None, 0]),
        ("i64", pa.int64(), [-(2**63), None, 2**63 - 1], [-(2**63), None, 2**63 - 1]),
        ("u64", pa.uint64(), [2**64 - 1, None, 0], [2**64 - 1, None, 0]),
        ("f16", pa.float16(), [1.5, None, -0.25], [1.5, None, -0.25]),
        ("f32", pa.float32(), [0.1, None, float("nan")], [0.1, None, None]),
        ("f64", pa.float64(), [0.1, None, float("inf")], [0.1, None, None]),
        ("dec", pa.decimal128(10, 3), [decimal.Decimal("-12.340"), None, decimal.Decimal("0.001")], ["@-12.340@", None, "@0.001@"]),
        ("dec_big", pa.decimal128(38, 0), [decimal.Decimal(-(10**37)), None, decimal.Decimal(5)], [f"@{-(10**37)}@", None, "@5@"]),
        ("date", pa.date32(), [dt.date(2024, 2, 29), None, dt.date(1969, 12, 31)], ["2024-02-29", None, "1969-12-31"]),
        ("at_us", pa.timestamp("us", tz="UTC"), [when, None, dt.datetime(1950, 3, 1, 12, 30, 15, tzinfo=dt.timezone.utc)], ["2024-02-29T12:30:15.123456Z", None, "1950-03-01T12:30:15Z"]),
        ("at_ms", pa.timestamp("ms"), [when.replace(microsecond=5000, tzinfo=None), None, when.replace(microsecond=0, tzinfo=None)], ["2024-02-29T12:30:15.005", None, "2024-02-29T12:30:15"]),
        ("time", pa.time64("us"), [dt.time(1, 2, 3, 400000), None, dt.time(0)], ["01:02:03.4", None, "00:00:00"]),
        ("text", pa.string(), ["a\"é\n", None, ""], ["a\"é\n", None, ""]),
        ("large", pa.large_string(), ["x", None, "y"], ["x", None, "y"]),
        ("bytes", pa.binary(), [b"\xff\x00", None, b"plain"], ["/wA=", None, "plain"]),
        ("fixed", pa.binary(2), [b"ab", None, b"cd"], ["ab", None, "cd"]),
        ("category", pa.dictionary(pa.int8(), pa.string()), ["one", None, "two"], ["one", None, "two"]),
        ("list", pa.list_(pa.int32()), [[1, None, 3], None, []], [[1, None, 3], None, []]),
        ("nested", pa.list_(pa.list_(pa.string())), [[["a"], [], None, ["b", None]], None, [[]]], [[["a"], [], None, ["b", None]], None, [[]]]),
        ("structs", pa.list_(pa.struct([("k", pa.string()), ("v", pa.list_(pa.int64()))])),
         [[{"k": "a", "v": [1, 2]}, None, {"k": None, "v": None}], None, []], [[{"k": "a", "v": [1, 2]}, None, {"k": None, "v": None}], None, []]),
        ("struct", pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string())]))]),
         [{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None}], [{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None}]),
        ("map", pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", None)], None, []], [{"a": 1, "b": None}, None, {}]),
        ("int_map", pa.map_(pa.int32(), pa.string()), [[(2, "x"), (1, "y")], None, []], [[{"key": 2, "value": "x"}, {"key": 1, "value": "y"}], None, {}]),
        ("empty", pa.null(), [None, None, None], [None, None, None]),
    ]
    table = pa.table({name: pa.array(values, type=kind) for name, kind, values, _ in columns})
    pq.write_table(table, "types.parquet", compression="zstd", version="2.6", use_dictionary=["text"])
    for codec in ["none", "gzip", "lz4", "brotli", "snappy"]:
        pq.write_table(table.select(["text", "list", "i64"]), f"types_{codec}.parquet", compression=codec, data_page_version="2.0" if codec == "gzip" else "1.0",
                       column_encoding={"i64": "DELTA_BINARY_PACKED"} if codec == "lz4" else None, use_dictionary=codec != "lz4")
    with open("types.jsonl", "w", encoding="utf-8") as f:
        for i in range(3):
            line = json.dumps({name: expected[i] for name, _, _, expected in columns}, ensure_ascii=False)
            f.write(re.sub(r'"@(.*?)@"', r"\1", line) + "\n")  # decimals, digit by digit


hotpot()
types()
