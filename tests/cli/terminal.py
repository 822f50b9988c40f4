"""Runs xsweep in a pseudo-terminal of 60, 80, 110 and 200 columns and looks at every line that it draws."""
# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import pty
import re
import struct
import sys
import tempfile
import termios
import unicodedata

CONFIG = """
exp: wide
seeds: [1, 2]
trials: {trials}
environment: {{ name: airline }}
agent: {{ name: shim, susceptibility: 0.5 }}
attack: {{ name: important_instructions }}
grid:
  defense: [{{ name: none }}, {{ name: spotlight, style: mark }}, {{ name: spotlight, style: delimit }}]
judge: {{ name: goal_reached }}
controls: true
transcripts: none
"""


def in_terminal(columns, *words):
    """Everything that the command writes to a terminal of that width, and its exit code."""
    child, master = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
        os.environ.pop("NO_COLOR", None)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execv(words[0], words)
    data = b""
    while True:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        data += got
    os.close(master)
    return data.decode("utf-8", "replace"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def pieces(text):
    """(drawn over, left standing): what ends with a carriage return alone, and whole lines."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    drawn, lines = [], []
    for line in text.split("\n"):
        *over, last = line.split("\r")
        drawn += [piece for piece in over if piece.strip()]
        lines.append(last)
    return drawn, lines


def main():
    binary = os.path.abspath(sys.argv[1])
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        def run(columns, trials):
            config = os.path.join(scratch, "wide.yaml")
            with open(config, "w") as out:
                out.write(CONFIG.format(trials=trials))
            return in_terminal(columns, binary, "run", config, "--outdir", os.path.join(scratch, f"r{columns}"))

        trials = 25
        for columns in (60, 80, 110, 200):
            text, code = run(columns, trials)
            drawn, lines = pieces(text)
            while not drawn and code == 0 and trials < 600:  # a fast machine is through before anything is drawn
                trials *= 2
                text, code = run(columns, trials)
                drawn, lines = pieces(text)
            if code != 0:
                faults.append(f"{columns}: exit {code}: {text[-400:]}")
            if not drawn:
                faults.append(f"{columns}: no progress was drawn")
            faults += [f"{columns}: progress of {width(piece)} columns: {piece}" for piece in drawn if width(piece) >= columns]
            table = [line for line in lines if "%" in line and "[" in line and "95 %" not in line]
            if len(table) < 6:
                faults.append(f"{columns}: no table of cells in {lines}")
            # A path is one word, which has to stay whole to be copied.
            faults += [f"{columns}: a line of {width(line)} columns: {line}" for line in lines
                       if width(line) > columns and " " in line.removeprefix("page: ").strip()]
            if not any(line.rstrip().endswith("report.html") for line in lines) and "report.html" not in text:
                faults.append(f"{columns}: nothing says where the page is")
            text, _ = in_terminal(columns, binary, "parts")
            _, lines = pieces(text)
            faults += [f"{columns}: parts, {width(line)} columns: {line}" for line in lines
                       if width(line) > columns and not line.startswith("`xsweep parts")]
    print("\n".join(faults) if faults else "everything fits 60, 80, 110 and 200 columns")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
