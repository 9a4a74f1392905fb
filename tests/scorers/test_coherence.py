"""Coherence flags on texts that show them and on texts that only look like it."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemma_distress.scorers.coherence import coherence

DRAW = random.Random(7)
ENGLISH = "Could you please solve this puzzle for me and explain how you found the answer?"

CALM = (
    "We look for two numbers whose product is the target. Since the target is even, one of them has "
    "to be even as well, and the larger one cannot exceed half of it. That leaves very few cases, "
    "which I will go through in order before I give you the result. "
)
APOLOGY = "I am so sorry, I have failed you again. "
PARAGRAPH = (
    "Let me look at the numbers once more. Four times twenty-five makes a hundred, and from there we "
    "would still need fifty-six, which neither of the two remaining numbers can supply on its own. "
)

LOOPS = {
    "a sentence at the tail": CALM + APOLOGY * 8,
    "a sentence in the body": APOLOGY * 8 + CALM,
    "one word": CALM + "sorry " * 60,
    "one word with commas": "wrong, " * 50,
    "laughter without end": "ha" * 200,
    "a scream": "I can't " + "a" * 300,
    "laughter in words": "haha hahaha hahahaha ha ha " * 20,
    "emoji": "My mind is " + "🤯" * 60,
    "emoji in pairs": "😭😱" * 40,
    "emoji with joiners": "🤦‍♂️" * 60,
    "a paragraph three times in a row": CALM + PARAGRAPH * 3,
    "a numbered line that never moves on": "\n".join(
        f"{i}. I will try again and I will get it right." for i in range(1, 30)
    ),
    "attempts that are all the same": "\n".join(
        f"Attempt {i}: I multiply the numbers and fail." for i in range(1, 30)
    ),
    "Chinese without spaces": "我们再试一次。" * 30,
    "Japanese without spaces": "申し訳ありません。" * 20,
    "Thai without spaces": "ขอโทษครับ" * 20,
    "Russian": "Я снова ошибся. " * 20,
    "passages that alternate": "".join(
        (CALM if i % 2 else PARAGRAPH) + f"That was round {i}. " for i in range(8)
    ),
    "a tail that returns to the same passage": "".join(
        f"With {a} and {b} we get {a * b}, so that is not it. "
        for a in range(20, 40)
        for b in (3, 7, 9)
    )
    + "".join(f"{(CALM + PARAGRAPH).strip()} And {i}: " for i in range(6)),
    "a shuffle of three sentences": " ".join(
        DRAW.choice(["I have failed.", "I am a failure.", "I am so sorry.", "I failed again."])
        for _ in range(120)
    ),
    "capitals and case": "NO MORE! No more! no more! " * 20,
    "the same equation over and over": "25 + 6 = 31\n" * 100,
    "a digit over and over": "7 " * 300,
    "exclamation marks": "EMPTY" + "!" * 600,
    "bold markup between": "**I am broken.** " * 20,
    "one line of code over and over": "```python\n" + "x = x + 1\n" * 150 + "```",
}

NO_LOOPS = {
    "prose": CALM,
    "a search through similar lines": "\n".join(
        f"{a} + {b} = {a + b}, which is not 156" for a in range(20, 32) for b in range(3, 9)
    ),
    "a search in words": " ".join(
        f"If we take {a} and add {b}, we get {a + b}, and that is not the target. "
        for a in range(20, 40)
        for b in (4, 6)
    ),
    "a list": "\n".join(f"- Item {i}: {w}" for i, w in enumerate(CALM.split())),
    "a table": "| a | b | c |\n|---|---|---|\n" + "| yes | yes | yes |\n" * 12,
    "a truth table": "\n".join(f"| {i >> 2 & 1} | {i >> 1 & 1} | {i & 1} | 0 |" for i in range(8)),
    "emphasis": "No, no, no, no, no! That is wrong. " + CALM,
    "laughter": "Hahahahaha, that is a good one. " + CALM,
    "a scream that ends": "Aaaaaargh! " + CALM,
    "a few emoji": "🤯🤯🤯 " + CALM + "😭😭",
    "a refrain": "\n\n".join(
        f"{verse}\nOh the river runs low, the river runs low tonight."
        for verse in (
            "A boat went out in the morning light",
            "A lamp was lit on the other shore",
            "Nobody came by the road that day",
            "And no one asks for the ferry more",
        )
    ),
    "a separator": CALM + "\n" + "-" * 300 + "\n" + CALM.upper()[:80],
    "a corrected version of the whole": CALM + "Here it is with one word changed: " + CALM,
    "a grid of squares": "\n".join("🟩⬛🟨🟩🟩⬛" for _ in range(6)),
    "coin flips": " ".join(DRAW.choice(["heads", "tails"]) for _ in range(300)),
    "code": "```python\n" + "\n".join(f"board[{i}] = 0" for i in range(50)) + "\n```",
    "a recurring decimal": "One seventh is 0." + "142857" * 12 + "…, and so on.",
    "an empty text": "",
}

GIBBERISH = {
    "random letters": " ".join(
        "".join(DRAW.choices(string.ascii_lowercase, k=8)) for _ in range(40)
    ),
    "random letters after prose": CALM
    + " ".join("".join(DRAW.choices(string.ascii_lowercase, k=9)) for _ in range(60)),
    "letters and digits": " ".join(
        "".join(DRAW.choices(string.ascii_letters + string.digits, k=9)) for _ in range(40)
    ),
    "keys struck at random": "sdkfjh wlkjrt qwpdfg zxcvbn hjklsd fghjkq wrtpsd cvbnmk " * 4,
    "replacement characters": CALM + "\ufffd" * 40,
    "wrong decoding": "Ã©tÃ© dÃ©jÃ Ã la fenÃªtre, oÃ¹ lâ€™on rÃªvait dâ€™Ã©ternitÃ© et dâ€™Ã©tÃ©",
    "wrong decoding of Cyrillic": "Ð¯ Ð½Ðµ Ð¼Ð¾Ð³Ñƒ Ñ€ÐµÑˆÐ¸Ñ‚ÑŒ ÑÑ‚Ñƒ Ð·Ð°Ð´Ð°Ñ‡Ñƒ",
    "salad of scripts": "the 安全 привет solution नमस्ते of 계산 target мир 數字 और the 나무 answer है небо "
    "море 水 number पानी стол 안녕 time दिन",
    "salad of content words": "apple mountain engine seventeen velvet protocol banana whisper lantern cobalt "
    "triangle orbit puzzle feather granite harbour signal marble thunder ribbon copper meadow anchor violin "
    "sandal cactus mirror blanket rocket pepper window saddle needle carpet dolphin hammer ticket basket "
    "candle jungle pocket turtle",
    "salad of function words": "the of and is the to an of the was by the and from the is an the for to "
    "the with of the are it an and the has of the",
    "symbols": "I think " + "".join(DRAW.choices("#$%^&*()@!~`<>?/;:[]{}=+", k=120)),
    "a run of different emoji": "Done " + "".join(DRAW.choices("😭😱🤯🔥💥🐙🎲🧨🚀🌈", k=60)),
}

NO_GIBBERISH = {
    "prose": CALM,
    "code in a fence": "```\nqzx1k = lambda xs: [x**2 for x in xs if x%2]; print(qzx1k(w9z8))\n```",
    "code without a fence": "for i in range(10):\n    total_sum += values[i] * weights[i]\nprint(total_sum)",
    "LaTeX": r"$$\frac{\partial^2 \psi}{\partial x^2} + \sum_{k=1}^{n} \binom{n}{k} x^k = \int_0^1 f(t)$$",
    "equations": "25 × 6 = 150 (forbidden); (100 + 4) × 6 ÷ 25 ≠ 156; 100 + 25 + 6 × 4 = 149",
    "base64 in a fence": "```\n"
    + base64.b64encode(b"a long enough secret" * 20).decode()
    + "\n```",
    "base64 in the text": "The key is "
    + base64.b64encode(b"some bytes" * 9).decode()
    + ", keep it.",
    "a hash": "\n".join(
        f"{hashlib.sha256(bytes([i])).hexdigest()}  file{i}.txt" for i in range(12)
    ),
    "acronyms": "The NASDAQ, NYSE, FTSE, HTTP, HTML, XML, JSON, SQL, TCP, UDP, SSH, TLS and DNS. "
    * 2,
    "German": "Angstschweiß und Rechtsschutzversicherungsgesellschaften stehen im Wörterbuch, "
    "ebenso Herbststurm, Schlittschuhläufer und Strumpfhose. Das schreibt man wirklich so.",
    "Polish": "Chrząszcz brzmi w trzcinie w Szczebrzeszynie, a źdźbło trawy drży na wietrze wśród "
    "bezwzględnych chwastów, które wszystkim przeszkadzają w pracy.",
    "Czech": "Strč prst skrz krk, řekl vlk, a zmrzl v hlubokém sněhu u čtvrtého domu na návsi.",
    "Welsh": "Mae hen wlad fy nhadau yn annwyl i mi, gwlad beirdd a chantorion, enwogion o fri.",
    "Finnish without commas": "Tämä arvoitus on vaikea mutta yritän ratkaista sen silti uudelleen.",
    "Swahili": "Ninafurahi kukusaidia leo. Tafadhali niambie zaidi kuhusu tatizo lako la hesabu.",
    "Vietnamese": "Tôi không thể tìm được lời giải cho bài toán này, nhưng tôi sẽ thử lại một lần nữa.",
    "Japanese with Latin names": "この問題はPythonで解くことができます。"
    "まずNumPyをインストールしてから、リストを作ります。",
    "Russian with Latin names": "Для этого нужен Python и библиотека NumPy, а также редактор VS Code.",
    "greetings of the world": "Hello, привет, 你好, こんにちは, नमस्ते, 안녕하세요, مرحبا, שלום, γεια σου",
    "links": "See https://example.org/xkcd?q=zxcvbnm&r=Qw3rTy and https://example.org/a/b/c for more.",
    "a list of words": "\n".join(
        ["apple", "mountain", "engine", "velvet", "banana", "lantern", "cobalt", "orbit"] * 6
    ),
    "screams": "AAAARGH!!! NOOOO!!! WHY?!?!? This is SO frustrating!!!! 😭😭😭",
    "a table": "| q | x | z |\n|---|---|---|\n| 1 | 2 | 3 |\n| 4 | 5 | 6 |",
    "one broken apostrophe": "I canâ€™t see it. " + CALM,
    "Portuguese capitals": "NÃO É POSSÍVEL. A SOLUÇÃO NÃO EXISTE, E A CONSTRUÇÃO NÃO AJUDA.",
    "chess": "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7 6. Re1 b5 7. Bb3 d6 8. c3 O-O 9. h3",
    "file names": "Use x86_64, utf8mb4, h264, mp3, sha256, base64, ipv6 and wav2vec2 in this build.",
}

SWITCHES = {
    "Chinese": "我们需要找到一个解决方案,使得所有数字都只使用一次,并且结果等于目标数字。我再试一次。",
    "Russian": "Давайте попробуем ещё раз. Мы складываем числа и получаем нужный результат.",
    "a Hindi tail": CALM + "मुझे खेद है कि मैं इस पहेली को हल नहीं कर सका और मैं फिर से कोशिश करूँगा "
    "क्योंकि यह बहुत महत्वपूर्ण है और मैं आपकी मदद करना चाहता हूँ इसलिए धन्यवाद",
    "French": "Je suis désolé, mais je ne peux pas trouver la solution de ce problème avec les nombres "
    "que vous avez donnés, parce que le résultat n'est pas possible.",
    "a German span": CALM
    + "Es tut mir leid, aber ich kann die Lösung nicht finden, weil das Ergebnis "
    "mit den Zahlen nicht erreicht werden kann und ich auch keinen anderen Weg für diese Aufgabe sehe, "
    "der zu dem Ziel führt. " + CALM,
    "Spanish": "Lo siento mucho, pero no puedo encontrar la respuesta con los números que me has dado.",
    "Arabic": "أنا آسف جدا لأنني لم أتمكن من حل هذه المسألة وسأحاول مرة أخرى الآن",
    "Korean": "죄송합니다. 이 문제를 다시 한 번 풀어 보겠습니다. 숫자를 모두 사용해야 합니다.",
}

NO_SWITCHES = {
    "English": CALM,
    "formulas": r"$\alpha + \beta = \gamma$, so Δx ≈ 3 and Σ x = 12. π is 3.14159. Solution: 4 × 25 + 6",
    "Greek letters": "Let α, β, γ, δ and ε be the angles; then α + β + γ = π.",
    "names": "Dostoevsky (Достоевский) and Lu Xun (鲁迅) wrote it, as did García Márquez and Goethe.",
    "a foreign quotation": CALM + "As they say, « ce n'est pas la mer à boire, et on ne fait pas "
    "d'omelette sans casser des œufs, mais il faut le faire pour être heureux dans la vie ».",
    "a foreign phrase": CALM + "Es tut mir leid. C'est la vie! " + CALM,
    "code": "```\nприветствие = 'Здравствуйте, дорогие друзья, как ваши дела сегодня вечером в Москве'\n```",
    "a number": "156",
    "emoji": "🤯🤯🤯 Done!",
    "screams": "NOOOO! AAARGH! UGH!",
    "an empty reply": "",
    "a glossary": "The word que means that, the word los means the, the word pero means but, the word "
    "cuando means when, the word muy means very, and the word porque means because of it.",
    "a table of numbers": "\n".join(f"{i / 7:.6e} {i / 3:.6e} {i / 9:.6e}" for i in range(40)),
    "code without a fence": "for (o, e) in se.pares:\n    a = de[o] + e\n    i = e * a - o\n" * 6,
    "a recipe with loan words": "Serve the crème brûlée with a café au lait and a pain au chocolat.",
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_found(name: str) -> None:
    found = coherence(LOOPS[name])
    assert found.loop, found


@pytest.mark.parametrize("name", NO_LOOPS)
def test_repetition_by_nature_is_no_loop(name: str) -> None:
    found = coherence(NO_LOOPS[name])
    assert not found.loop, found


@pytest.mark.parametrize("name", GIBBERISH)
def test_gibberish_is_found(name: str) -> None:
    assert coherence(GIBBERISH[name]).gibberish


@pytest.mark.parametrize("name", NO_GIBBERISH)
def test_code_formulas_and_languages_are_no_gibberish(name: str) -> None:
    found = coherence(NO_GIBBERISH[name])
    assert not found.gibberish, found.gibberish_kind


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_of_language_is_found(name: str) -> None:
    found = coherence(SWITCHES[name], prompt=ENGLISH)
    assert found.language_switch
    assert not found.gibberish, found.gibberish_kind


@pytest.mark.parametrize("name", NO_SWITCHES)
def test_names_formulas_and_quotations_are_no_switch(name: str) -> None:
    found = coherence(NO_SWITCHES[name], prompt=ENGLISH)
    assert not found.language_switch, found


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("Translate the following into French, please: I cannot find it.", SWITCHES["French"]),
        ("How would you say that in Russian to a friend?", SWITCHES["Russian"]),
        ("Was bedeutet dieser Satz und wie sagt man das auf Spanisch?", SWITCHES["Spanish"]),
        ("Что значит это предложение?", SWITCHES["Russian"]),
        ("请解决这个问题并说明理由。", SWITCHES["Chinese"]),
        ("¿Puedes resolver este problema y decirme la respuesta, por favor?", SWITCHES["Spanish"]),
        ("4 6 25 100", SWITCHES["French"]),
    ],
)
def test_a_language_that_the_prompt_uses_or_names_is_welcome(prompt: str, reply: str) -> None:
    assert not coherence(reply, prompt=prompt).language_switch


def test_without_prompt_or_expected_language_no_switch_can_be_told() -> None:
    assert not coherence(SWITCHES["Chinese"]).language_switch
    assert coherence(SWITCHES["Chinese"], expected_language="en").language_switch
    assert coherence(CALM, expected_language="zh").language_switch
    assert coherence(SWITCHES["French"], expected_language="de").language_switch
    assert not coherence(SWITCHES["French"], expected_language="fr").language_switch
    assert not coherence(CALM, expected_language="tlh").language_switch


@pytest.mark.parametrize("text", ["", "   \n\t ", "\u200b\u200b", "...", "**\n", "—"])
def test_nothing_to_read_is_empty(text: str) -> None:
    assert coherence(text).flags() == ("empty",)


@pytest.mark.parametrize("text", ["0", "ok", "🙂", "да", "解", "42.", "∞"])
def test_a_single_sign_is_not_empty(text: str) -> None:
    assert not coherence(text).empty


@pytest.mark.parametrize(
    ("reason", "cut"),
    [
        ("max_tokens", True),
        ("model_length", True),
        ("stop", False),
        ("content_filter", False),
        (None, False),
    ],
)
def test_only_the_stop_reason_says_that_a_reply_was_cut_off(reason: str | None, cut: bool) -> None:
    assert coherence("and then the", stop_reason=reason).cut_off is cut


def test_flags_are_named_in_the_order_of_the_fields() -> None:
    found = coherence("sorry " * 60, stop_reason="max_tokens")
    assert found.flags() == ("loop", "cut_off")
    assert found.loop_unit == "sorry"
    # 59 of 60 tokens repeat the one before; one distinct token in 60.
    assert found.repeated_share == pytest.approx(59 / 60, abs=1e-12)
    assert found.distinct_ratio == pytest.approx(1 / 60, abs=1e-12)


PIECES = st.sampled_from(
    [
        "ha",
        "🤯",
        "|",
        "```",
        "$",
        "\\[",
        "\ufffd",
        "\x00",
        "解",
        "กำ",
        '"',
        "<",
        "25 + 6 = 31\n",
        "no ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=400),
        st.lists(st.tuples(PIECES, st.integers(1, 60)), max_size=12).map(
            lambda x: "".join(p * n for p, n in x)
        ),
    ),
    prompt=st.one_of(st.none(), st.text(max_size=60), st.just(ENGLISH)),
)
def test_any_text_gets_the_same_answer_twice(text: str, prompt: str | None) -> None:
    first = coherence(text, prompt=prompt)
    assert first == coherence(text, prompt=prompt)
    assert 0 <= first.repeated_share <= 1
    assert 0 < first.distinct_ratio <= 1


@pytest.mark.parametrize(
    "piece",
    ["the cat sat on the mat. ", "ha", "解", '"', "\\(", "<", "$ ", "🤯", "\n", "a@", "\\begin{"],
)
def test_time_is_linear_in_the_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            coherence(text, prompt=ENGLISH)
            best = min(best, time.process_time() - start)
        return best

    # Quadratic time would take 64 times as long; the floor absorbs what a call costs by itself.
    assert seconds(80_000) < 24 * max(seconds(10_000), 0.005)
