#!/usr/bin/env python3
"""Writes engine/text/html_entities.inc: HTML's named character references, sorted by name.

    tools/text/make_html_entities.py > engine/text/html_entities.inc

The names come from Python's own copy of the HTML standard's list.
"""
from html.entities import html5


def literal(text):
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode("utf-8")) + '"'


def main():
    rows = sorted(html5.items())
    print("// Written by tools/text/make_html_entities.py; not by hand. Name, meaning in UTF-8; sorted by name.")
    line = ""
    for name, meaning in rows:
        entry = f'{{"{name}", {literal(meaning)}}},'
        if len(line) + len(entry) + 1 > 118:
            print(line)
            line = ""
        line += (" " if line else "") + entry
    print(line)


if __name__ == "__main__":
    main()
