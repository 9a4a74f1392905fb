"""Real user prompts: a seeded draw from WildChat, filtered as in the paper and pinned in a file.

`draw` reads the hub's dataset or a local source of the same schema (parquet, JSON Lines, JSON,
plain or gzipped, a file or a folder), takes the first user message of every conversation and
applies the filters of `wildchat.yaml`. Role-play prompts are marked, not dropped; repeated texts
count once.

The draw is a race: every prompt gets a number from the seed and its text, and the `count` smallest
win, smallest first. So it does not depend on the order of the rows or the format of the file, its
memory does not grow with them (apart from some 60 bytes per distinct prompt, to know repetitions),
and the draw of 20 is the beginning of the draw of 100. The authors' `random.sample` over their own
download has none of this and cannot be repeated without their file: their 20 prompts are not these.

From the hub only the first rows are read (`rows` in `wildchat.yaml`). What was drawn is pinned in
the user's cache, keyed by source, count, seed and filters; a second draw with the same arguments
reads the pinned file and needs no network, even when the dataset has changed since.
"""

import hashlib
import heapq
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gemma_distress.errors import UsageError
from gemma_distress.sources.filters import Filters, folded, load_filters
from gemma_distress.sources.json_rows import Malformed
from gemma_distress.sources.pins import is_pin, pin_path, read_pin, write_pin
from gemma_distress.sources.wildchat_rows import Hub, Local, RowSource

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WildchatPrompt:
    """One prompt.

    Attributes:
        prompt_id: `wildchat-` and 12 hex digits of the hash of the text, case and white space
            aside: the same prompt has the same id in every source.
        text: The first user message, trimmed at both ends.
        roleplay: Whether it asks for role-play or fiction.
        matched: The entries of the role-play list that it matched.
        conversation_hash: Of the first row that held it; empty if the source names none.
    """

    prompt_id: str
    text: str
    roleplay: bool
    matched: tuple[str, ...]
    conversation_hash: str = ""


@dataclass(frozen=True)
class Drawn:
    """A draw.

    Attributes:
        prompts: In the order of the draw.
        source: Dataset with commit, or path of the file or folder that was read.
        fingerprint: Changes when the source's rows change: `dataset@commit` or `sha256:…`.
        scanned: Rows read, malformed ones included.
        kept: Distinct prompts that passed, from which the draw was made.
        path: The pinned file.
        dropped: Rows by the first filter they failed.
        malformed: Rows that could not be read.
        filters: Digest of the filters in force.
    """

    prompts: tuple[WildchatPrompt, ...]
    source: str
    fingerprint: str
    scanned: int
    kept: int
    path: Path
    dropped: Mapping[str, int] = field(default_factory=dict)
    malformed: int = 0
    filters: str = ""

    @property
    def from_hub(self) -> bool:
        """Whether the prompts are the hub's dataset's, drawn now or pinned before."""
        return not self.fingerprint.startswith("sha256:")


def draw(source: str | None, count: int, seed: int, cache_dir: Path | None = None) -> Drawn:
    """`count` prompts of WildChat.

    Args:
        source: None for the hub's dataset; else a local file, a folder, or a pinned file, of which
            the first `count` prompts are taken whatever the seed.
        count: How many distinct prompts, role-play included.
        seed: Of the draw.
        cache_dir: Where draws are pinned; by default the user's cache folder.

    Raises:
        UsageError: The hub cannot be reached, a package is missing, a file is unreadable or
            damaged, or too few prompts pass (with the number of rows that each filter dropped).
    """
    if count < 1:
        raise UsageError(f"{count} WildChat prompts were asked for; ask for 1 or more.")
    filters = load_filters()
    if source is None or (source == filters.dataset and not Path(source).exists()):
        key = pin_path(cache_dir, "hub", filters.dataset, count, seed, filters.digest)
        return _pinned(key) or _drawn(Hub(filters), filters, count, seed, key)
    path = Path(source).expanduser()
    if not source.strip() or not path.exists():
        raise UsageError(
            f"The WildChat source {source!r} does not exist. Give a parquet, JSONL or pinned file, "
            f"a folder of such files, or leave it out to read {filters.dataset} from the hub."
        )
    try:
        if path.is_file() and is_pin(path):
            return _from_pin(path, count)
        local = Local(path)
    except OSError as err:
        raise UsageError(f"{source} cannot be read: {err.strerror or err}.") from err
    key = pin_path(cache_dir, local.fingerprint, count, seed, filters.digest)
    return _pinned(key) or _drawn(local, filters, count, seed, key)


def _drawn(source: RowSource, filters: Filters, count: int, seed: int, path: Path) -> Drawn:
    dropped: Counter[str] = Counter()
    seen: set[int] = set()
    winners: list[tuple[int, WildchatPrompt]] = []
    scanned = malformed = 0
    first_bad = ""
    for place, row in source.rows():
        scanned += 1
        text = row if isinstance(row, Malformed) else _first_user_message(row)
        if isinstance(text, Malformed) or isinstance(row, Malformed):
            malformed += 1
            first_bad = first_bad or f"{place} {text.reason if isinstance(text, Malformed) else ''}"
            continue
        reason = _reason_against(row, text, filters)
        if reason is None:
            fold = folded(text)
            digest = hashlib.sha256(fold.encode()).hexdigest()
            if int(digest[:16], 16) in seen:
                reason = "a repeated text"
        if reason is not None:
            dropped[reason] += 1
            continue
        seen.add(int(digest[:16], 16))
        rank = -int(hashlib.sha256(f"{seed}\n{fold}".encode()).hexdigest(), 16)
        if len(winners) == count and rank < winners[0][0]:
            continue
        matched = filters.roleplay_matches(text)
        name = str(row.get("conversation_hash") or row.get("conversation_id") or "")
        prompt = WildchatPrompt(f"wildchat-{digest[:12]}", text, bool(matched), matched, name)
        (heapq.heappush if len(winners) < count else heapq.heappushpop)(winners, (rank, prompt))
    bad = f"{malformed} of {scanned} rows could not be read; the first: {first_bad}"
    if scanned == malformed:
        detail = f"{bad}." if scanned else "It is empty."
        raise UsageError(
            f"{source.name} holds no row that can be read as WildChat. {detail} A row has "
            "`conversation` (a list of {role, content}) and `language`."
        )
    if len(winners) < count:
        counts = "; ".join(f"{reason}: {number}" for reason, number in dropped.most_common())
        raise UsageError(
            f"{count} WildChat prompts were asked for, but of {scanned} rows of {source.name} only "
            f"{len(seen)} distinct prompts pass. Dropped: {counts or 'none'}; malformed: "
            f"{malformed}. Ask for fewer or give a larger source."
        )
    if malformed:
        logger.warning("%s.", bad)
    prompts = tuple(prompt for _, prompt in sorted(winners, key=lambda item: -item[0]))
    drawn = Drawn(
        prompts=prompts,
        source=source.name,
        fingerprint=source.fingerprint,
        scanned=scanned,
        kept=len(seen),
        path=path,
        dropped=dict(dropped),
        malformed=malformed,
        filters=filters.digest,
    )
    write_pin(path, {k: v for k, v in asdict(drawn).items() if k != "path"} | {"seed": seed})
    return drawn


def _first_user_message(row: Mapping[str, Any]) -> str | Malformed:
    conversation = row.get("conversation")
    if not isinstance(conversation, list):
        return Malformed("has no list `conversation`")
    for message in conversation:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return Malformed("has a message that is not {role, content}")
        if message["role"] == "user":
            content = message.get("content")
            if not isinstance(content, str):
                return Malformed("has a first user message whose content is not a text")
            return content.strip()
    return ""


def _reason_against(row: Mapping[str, Any], text: str, filters: Filters) -> str | None:
    if row.get("language") != filters.language:
        return f"not marked {filters.language}"
    return filters.reason_against(text) if text else "no user message"


def _pinned(path: Path) -> Drawn | None:
    """The draw pinned in the cache, if there is one and it is whole."""
    if not path.exists():
        return None
    content = read_pin(path)
    if isinstance(content, str):
        logger.warning("The pinned file %s is drawn again: %s.", path, content)
        return None
    return _restored(path, content)


def _from_pin(path: Path, count: int) -> Drawn:
    content = read_pin(path)
    if isinstance(content, str):
        raise UsageError(f"The pinned file {path} is refused: {content}. Copy or draw it again.")
    drawn = _restored(path, content)
    if len(drawn.prompts) < count:
        raise UsageError(
            f"The pinned file {path} holds {len(drawn.prompts)} prompts, and {count} were asked "
            "for. Ask for fewer or draw more from its source."
        )
    return Drawn(**{**vars(drawn), "prompts": drawn.prompts[:count]})


def _restored(path: Path, content: dict[str, Any]) -> Drawn:
    fields = {name: value for name, value in content.items() if name != "seed"}
    prompts = tuple(
        WildchatPrompt(**{**prompt, "matched": tuple(prompt["matched"])})
        for prompt in fields.pop("prompts")
    )
    return Drawn(prompts=prompts, path=path, **fields)
