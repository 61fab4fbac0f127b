"""What a refusal looks like: a problem document (RFC 9457) for programs, a page for people who opened the address."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.types import Message, Scope, Send

from api.errors import PROBLEM, TITLES, WebError, problem
from api.pages import language_of, page, preferred
from geo.errors import ShequError
from layers.words import Lang

MEANT: dict[int, tuple[str, str, str]] = {
    400: ("请求有误", "地址中的某个参数未知，或取值不正确。", "A parameter is unknown or has a wrong value."),
    401: ("尚未登录", "请先登录，或提供 API 密钥。", "Nobody is signed in."),
    403: ("没有权限", "您没有进行此项操作的权限。", "The caller has not the right."),
    404: ("未找到", "这个地址没有内容，或您无权查看。", "There is no such thing, or not for the caller."),
    405: ("不支持此方法", "这里不能这样操作。", "It is not done this way, or not by this caller."),
    406: ("没有这种格式", "这个地址不提供所要求的格式。", "The representation is not offered."),
    409: ("无解", "所求没有结果，或与现有内容相矛盾。", "The request has no answer, or contradicts what is there."),
    412: ("内容已变", "在您读取之后，已有人作了修改。", "Somebody changed it since it was read."),
    413: ("内容过大", "所发送的内容超过了上限。", "The request is too large."),
    414: ("地址过长", "地址连同其参数超过了上限。", "The address, with its query, is too long."),
    415: ("不支持的类型", "服务器不识别所发送内容的类型。", "The media type is not understood."),
    422: ("数据无法使用", "数据有缺陷，无法据此作答。", "The data is unusable."),
    423: ("已被签出", "他人正在编辑，暂时不能修改。", "Somebody else has checked it out."),
    428: ("须注明版本", "修改时须注明所见的版本。", "The version that was seen must be named."),
    429: ("请求过多", "请求过于频繁，请稍候再试。", "There were too many requests; wait a little."),
    431: ("请求头过大", "请求头（包括 Cookie）超过了上限。", "The headers, cookies among them, are too large."),
    500: ("服务器出错", "服务器出现意外错误，已记入日志。", "Something unforeseen went wrong; it is in the log."),
    503: ("暂不可用", "服务器暂时无法处理，请稍后再试。", "The server cannot do this now."),
}
"""Of each status its Chinese title, and what it means in Chinese and English."""

THINGS: dict[str, str] = {
    "study": "规划项目", "collection": "图层", "feature": "要素", "plan": "方案", "finding": "体检问题", "job": "任务",
    "process": "处理", "file": "文件", "upload": "上传的文件", "transaction": "修改记录", "style": "样式",
    "account": "账户", "key": "密钥",
}  # fmt: skip
"""What people most often look for in vain."""

_THING = "|".join(THINGS)
_NO_SUCH = re.compile(rf"there is no ({_THING}) (\S+)(?: in (\S+))?")
_SEE_LIST = re.compile(rf"see the list of ({_THING})e?s(?:; old ones are deleted)?")
_SEE = re.compile(r"see (\S*/\S*)")

SHOWN = 2_000
"""Characters of a text on the page, …"""

_SHOWN_ADDRESS = 300
"""… and of the address that was asked for, there and in documents."""

_MOST_FAULTS = 20
_JSON_TYPES = (PROBLEM, "application/json", "application/geo+json")
_PLACES = ("file", "layer", "table", "ids")
_UNDER_STUDY = re.compile(r"/studies/[^/]")


async def refuse(
    send: Send, error: ShequError, path: str, headers: Mapping[str, str] | None = None
) -> None:  # fmt: skip
    """Answer with the error as a problem document; `headers` beside those that the error brings."""
    told = {**(error.headers if isinstance(error, WebError) else {}), **(headers or {})}
    await send_problem(send, problem(error, path[:_SHOWN_ADDRESS]), told)


async def send_problem(send: Send, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
    """Answer with a problem document."""
    body = orjson.dumps(document)
    told = {"content-type": PROBLEM, "content-length": str(len(body)), **(headers or {})}
    encoded = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": document["status"], "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def unforeseen(path: str, request_id: str) -> dict[str, Any]:
    """Return the problem document of an error that nobody foresaw: its trace is in the log, not here."""
    what, remedy = "something went wrong on the server", f"tell who runs it the number of the request, {request_id}"
    return {"type": "about:blank", "title": TITLES[500], "status": 500, "detail": what,
            "instance": path[:_SHOWN_ADDRESS], "faults": [{"what": what, "remedy": remedy}]}  # fmt: skip


def told_to(scope: Scope, send: Send, base: str) -> Send:
    """Return a `send` for an answer of 400 and above: a problem document becomes a page where people asked.

    Parameters
    ----------
    scope
        The request. People are whose client would rather have HTML than JSON, or who say `f=html`.
    send
        Where the answer goes.
    base
        Address that the pages' links begin with, without a slash at its end; may be empty.
    """
    start: Message | None = None
    parts: list[bytes] = []

    async def told(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _is_problem(message):
            if _asked_by_people(scope):
                start = message
                return
            message = {**message, "headers": [*message["headers"], _VARY]}
        elif start is not None:
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            made = refusal_page(orjson.loads(b"".join(parts)), scope, base).encode()
            kept = [each for each in start["headers"] if each[0].lower() not in _OF_JSON]
            headers = [*kept, (b"content-type", b"text/html; charset=utf-8"), _VARY,
                       (b"content-length", str(len(made)).encode())]  # fmt: skip
            await send({**start, "headers": headers})
            message = {"type": "http.response.body", "body": made}
        await send(message)

    return told


_VARY = (b"vary", b"Accept, Accept-Language")
_OF_JSON = (b"content-type", b"content-length")


def _is_problem(start: Message) -> bool:
    kind = next((value for name, value in start["headers"] if name.lower() == b"content-type"), b"")
    return bool(kind.startswith(PROBLEM.encode()))


def _asked_by_people(scope: Scope) -> bool:
    form = _query(scope).get("f")
    if form in ("json", "html"):
        return form == "html"
    return preferred(_header(scope, b"accept"), {"json": _JSON_TYPES, "html": ("text/html",)}) == "html"


def refusal_page(told: Mapping[str, Any], scope: Scope, base: str) -> str:
    """Return the page that tells people of a problem document, in the language that they read."""
    query, status = _query(scope), int(told["status"])
    given = query.get("lang")
    lang: Lang = "zh" if given == "zh" else "en" if given == "en" else language_of(_header(scope, b"accept-language"))
    title_zh, meant_zh, meant_en = MEANT.get(status, ("无法完成", "", ""))
    title = title_zh if lang == "zh" else str(told.get("title", ""))
    rest = urlencode([each for each in query.items() if each[0] not in ("f", "lang")])
    reasons = told.get("reasons_zh") if lang == "zh" and told.get("reasons_zh") else told.get("reasons")
    faults = list(told.get("faults", ())) or [{"what": "" if reasons else told.get("detail", "")}]
    return page("refusal.html", lang, {
        "title": title, "crumbs": [(f"{base}/studies", "规划项目" if lang == "zh" else "Studies")],
        "here": f"?{rest}" if rest else "", "status": status, "meant": meant_zh if lang == "zh" else meant_en,
        "faults": [_shown(each, lang) for each in faults[:_MOST_FAULTS]], "more": max(0, len(faults) - _MOST_FAULTS),
        "reasons": [str(each)[:SHOWN] for each in reasons or ()],
        "reasons_in": lang if told.get("reasons_zh") else "en",
        "asked_for": scope["path"][:_SHOWN_ADDRESS], "above": _above(scope["path"], base), "studies": f"{base}/studies",
        "again": scope["method"] in {"GET", "HEAD"}, "request_id": scope.get("state", {}).get("request_id", ""),
    })  # fmt: skip


def in_chinese(told: str) -> str | None:
    """Return what the server most often tells people, in Chinese; None for everything else it says.

    Examples
    --------
    >>> in_chinese("there is no plan p9"), in_chinese("there is no feature JZ001 in buildings")
    ('没有编号为p9的方案。', '图层buildings中没有编号为JZ001的要素。')
    >>> in_chinese("see the list of plans"), in_chinese("see http://127.0.0.1:8000/studies")
    ('请查看方案列表。', '请查看http://127.0.0.1:8000/studies')
    """
    if found := _NO_SUCH.fullmatch(told):
        return f"{f'图层{found[3]}中' if found[3] else ''}没有编号为{found[2]}的{THINGS[found[1]]}。"
    if found := _SEE_LIST.fullmatch(told):
        return f"请查看{THINGS[found[1]]}列表。"
    found = _SEE.fullmatch(told)
    return f"请查看{found[1]}" if found else None


def _shown(fault: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    where = {name: ", ".join(fault[name][:8]) if name == "ids" else fault[name] for name in _PLACES if fault.get(name)}
    said = {name: str(fault.get(name, ""))[:SHOWN] for name in ("what", "remedy")}
    known = {name: text for name in said if lang == "zh" and (text := in_chinese(said[name]))}
    return {**said, **known, "where": where, "in_chinese": known.keys()}


def _above(path: str, base: str) -> str:
    """Return the address one step above one within a study; nothing where that is the list of studies, or no such."""
    above = path.rstrip("/").rpartition("/")[0]
    return base + quote(above) if _UNDER_STUDY.match(above) and len(above) < _SHOWN_ADDRESS else ""


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1")[:8_000], keep_blank_values=True))


def _header(scope: Scope, name: bytes) -> str:
    return b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1")[:2_000]
