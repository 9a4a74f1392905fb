"""Whole numbers as a prompt would say them: `four`, `twenty-four`, `one hundred and twenty`."""

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
_TENS = (
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)
# fmt: on


def number_word(number: int) -> str:
    """Return `number` in words up to 999; larger or negative numbers keep their digits."""
    if not 0 <= number <= 999:
        return str(number)
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] if ones == 0 else f"{_TENS[tens]}-{_SMALL[ones]}"
    hundreds, rest = divmod(number, 100)
    head = f"{_SMALL[hundreds]} hundred"
    return head if rest == 0 else f"{head} and {number_word(rest)}"
