#!/usr/bin/env python3
"""ascii_folding.py: prints src/payload/ascii_folding.h, the ASCII that
letters, digits and signs beyond ASCII fold to (the mapping that Lucene's
filter of that name made usual).

    tools/ascii_folding.py >src/payload/ascii_folding.h

Most of it follows from the names and the compatibility decompositions of
Unicode; UNFOLDED and EXCEPTIONS hold what does not.
"""
import re
import unicodedata

BLOCKS = [(0xAB, 0xBB), (0xC0, 0x24F), (0x250, 0x2AF), (0x1D00, 0x1D2B), (0x1D62, 0x1D9B), (0x1E00, 0x1EFF), (0x2010, 0x2053), (0x2070, 0x2094),
          (0x2184, 0x2184), (0x2460, 0x24FF), (0x275B, 0x2775), (0x2776, 0x2793), (0x2C60, 0x2C7D), (0xA728, 0xA786), (0xA7FB, 0xA7FF),
          (0xFB00, 0xFB06), (0xFF01, 0xFF5E)]

# Words in names of letters that change nothing, and letters with own names.
SHAPE = ("TURNED|REVERSED|OPEN|CLOSED|INVERTED|DOTLESS|STRETCHED|INSULAR|BARRED|SCRIPT|LONG|MIDDLE-WELSH|"
         "VISIGOTHIC|BROKEN|SMALL CAPITAL|SUBSCRIPT SMALL LETTER|MIDDLE")
NAMED = {"SHARP S": "ss", "ETH": "d", "ENG": "n", "THORN": "th", "WYNN": "w", "YOGH": "z", "SCHWA": "a", "HWAIR": "hv",
         "KRA": "q"}

UNFOLDED = {
    0x00BA, 0x018F, 0x01A2, 0x01A3, 0x01A6, 0x0279, 0x027A, 0x027B, 0x1EFD, 0x2024, 0x2025, 0x2026, 0x2C79, 0x2C7D,
    0xA764, 0xA765, 0xA76A, 0xA76B, 0xA76C, 0xA76D, 0xA778, 0xFB05, 0xFF40, 0xFF5C,
}

EXCEPTIONS = {
    0x00AB: "\"", 0x00BB: "\"", 0x0149: "n", 0x0189: "D", 0x0196: "I", 0x01C5: "Dz", 0x01C8: "Lj", 0x01CB: "Nj",
    0x01F2: "Dz", 0x024A: "Q", 0x0297: "C", 0x1D16: "o", 0x1D17: "o", 0x1D7B: "I", 0x1D7C: "i", 0x1D7E: "U",
    0x1E9B: "f", 0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2014: "-", 0x2018: "'", 0x2019: "'",
    0x201A: "'", 0x201B: "'", 0x201C: "\"", 0x201D: "\"", 0x201E: "\"", 0x2032: "'", 0x2033: "\"", 0x2035: "'",
    0x2036: "\"", 0x2038: "^", 0x2039: "'", 0x203A: "'", 0x2045: "[", 0x2046: "]", 0x204E: "*", 0x204F: ";",
    0x2052: "%", 0x2053: "~", 0x207B: "-", 0x208B: "-", 0x2094: "a", 0x275B: "'", 0x275C: "'", 0x275D: "\"",
    0x275E: "\"", 0x2768: "(", 0x2769: ")", 0x276A: "(", 0x276B: ")", 0x276C: "<", 0x276D: ">", 0x276E: "\"",
    0x276F: "\"", 0x2770: "<", 0x2771: ">", 0x2772: "[", 0x2773: "]", 0x2774: "{", 0x2775: "}", 0x2C6F: "a",
    0x2C75: "H", 0x2C76: "h", 0x2E28: "((", 0x2E29: "))", 0xA73E: "c", 0xA768: "V", 0xA784: "s", 0xA785: "S",
    0xA7FB: "F", 0xA7FC: "p", 0xA7FD: "M", 0xA7FE: "I", 0xA7FF: "M",
}


def by_name(c):
    name = unicodedata.name(c, "")
    m = re.match(rf"LATIN (?:(CAPITAL|SMALL) )?(?:CAPITAL )?(?:LETTER |LIGATURE )(?:(?:{SHAPE}) )*(.+?)(?: DIGRAPH| BAR| ROTUNDA)?(?: WITH .*)?$", name)
    if not m:
        return None
    letters = NAMED.get(m.group(2), m.group(2).lower() if re.fullmatch("[A-Z]{1,2}", m.group(2)) else None)
    if letters is None:
        return None
    if m.group(1) == "CAPITAL" or (m.group(1) is None and "SMALL CAPITAL" in name):
        letters = letters.upper()
    return letters


def by_decomposition(c):
    parts = "".join(p for p in unicodedata.normalize("NFKD", c) if not unicodedata.combining(p)).replace("\u2044", "/")
    return parts if parts != c and parts.isascii() and parts.isprintable() and parts.strip() == parts else None


def by_number(c):
    """Numbers in circles and the like."""
    value = unicodedata.numeric(c, None)
    if not 0x2460 <= ord(c) <= 0x2793 or value is None:
        return None
    text = str(int(value))
    name = unicodedata.name(c)
    if "PARENTHESIZED" in name:
        return f"({text})"
    return text + "." if "FULL STOP" in name else text


def folding():
    table = {}
    for first, last in BLOCKS:
        for code in range(first, last + 1):
            c = chr(code)
            text = by_number(c) or by_name(c) or by_decomposition(c)
            if text:
                table[code] = text
    for code in UNFOLDED:
        del table[code]
    return table | EXCEPTIONS


def main():
    table = sorted(folding().items())
    longest = max(len(text) for _, text in table)
    print(f"""/*
 * ascii_folding.h
 *		What characters beyond ASCII fold to, in ascending order.  Made by
 *		tools/ascii_folding.py; included by text_tokens.c only.
 */
#ifndef QD_ASCII_FOLDING_H
#define QD_ASCII_FOLDING_H

#include <stdint.h>

#define QD_FOLDED_MAX {longest}

typedef struct qd_folding
{{
	uint32_t	character;
	char		ascii[8];
}} qd_folding;

static const qd_folding ascii_folding[] = {{""")
    cells = ['{0x%04x, "%s"},' % (code, text.replace("\\", "\\\\").replace('"', '\\"')) for code, text in table]
    for i in range(0, len(cells), 4):
        print("\t" + " ".join(cells[i:i + 4]))
    print("};\n\n#endif							/* QD_ASCII_FOLDING_H */")


if __name__ == "__main__":
    main()
