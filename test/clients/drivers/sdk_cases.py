"""Runs one case of cases.json by one Python client. Arguments: client, folder of its packages, base URL, case."""

import asyncio
import base64
import json
import pathlib
import sys
import warnings
from urllib.parse import urlencode, urlparse

warnings.simplefilter("ignore")
client, folder, base, case_name = sys.argv[1:5]
sys.path.insert(0, folder)
case = json.loads((pathlib.Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))[case_name]


def params_of(case):
    if "rows" in case:
        return {"id": 7, "rows": [row(i) for i in range(case["rows"])]}
    if "bytes" in case:
        content = base64.b64encode(bytes(i * 7 % 256 for i in range(case["bytes"]))).decode()
        return {"id": 1, "data": {"NAME": "отчёт +&.bin"}, "fileContent": ["отчёт +&.bin", content]}
    return case["params"]


def row(i):
    return {
        "PRODUCT_NAME": f"Товар & {i}",
        "PRICE": "10.50",
        "QUANTITY": i + 1,
        "DISCOUNT_TYPE_ID": 1,
        "TAX_INCLUDED": "Y",
        "MEASURE_CODE": 796,
    }


def brackets(value, name=""):
    """Pairs of a query in PHP's brackets."""
    if not isinstance(value, (dict, list)):
        return [(name, value)]
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [pair for key, inner in entries for pair in brackets(inner, f"{name}[{key}]" if name else key)]


def commands_of(case):
    return {name: f"{method}?{urlencode(brackets(params))}" for name, method, params in case["commands"]}


def pairs_of(case):
    return {name: (method, params) for name, method, params in case["commands"]}


def by_fast_bitrix24():
    from fast_bitrix24 import Bitrix

    bitrix = Bitrix(base, verbose=False)
    if case_name == "list":
        return sorted(bitrix.get_all(case["method"], case["params"]), key=lambda deal: int(deal["ID"]))
    if "commands" in case:
        return bitrix.call_batch({"halt": case["halt"], "cmd": commands_of(case)})
    return bitrix.call(case["method"], params_of(case), raw=case_name in ("file", "product-rows"))


def by_b24pysdk():
    from b24pysdk import BitrixWebhook

    domain, token = base.split("://")[1].rstrip("/").split("/rest/")
    webhook = BitrixWebhook(domain=domain, webhook_token=token)
    if case_name == "list":
        return webhook.call_list(case["method"], case["params"])["result"]
    if "commands" in case:
        return webhook.call_batch(pairs_of(case), halt=bool(case["halt"]))["result"]
    return webhook.call_method(case["method"], params_of(case))["result"]


def by_akopdev():
    from bitrix24 import Bitrix24

    method, params = case.get("method", "batch"), None
    if "commands" in case:
        params = {"halt": case["halt"], "cmd": commands_of(case)}

    async def run():
        return await Bitrix24(base, safe=False).callMethod(method, params or params_of(case))

    result = asyncio.run(run())
    return sorted(result, key=lambda deal: int(deal["ID"])) if case_name == "list" else result


def by_pybitrix24():
    from pybitrix24 import Bitrix24

    hostname, token = base.split("://")[1].rstrip("/").split("/rest/")
    bitrix, code = Bitrix24(hostname, user_id=1), token.split("/")[1]
    if "commands" in case:
        return bitrix.call_batch_webhook(code, pairs_of(case), bool(case["halt"]))
    return bitrix.call_webhook(code, case["method"], params_of(case))


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in ("time", "result_time")}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


runs = {
    "fast_bitrix24": by_fast_bitrix24,
    "b24pysdk": by_b24pysdk,
    "akopdev": by_akopdev,
    "pybitrix24": by_pybitrix24,
}
try:
    outcome = {"returned": runs[client]()}
except Exception as error:
    outcome = {"error": type(error).__name__, "message": str(error)}
print(json.dumps(without_times(outcome), ensure_ascii=False, default=str))
