"""Takes the examples out of README.md and docs/*.md and holds them against the program.

    doc_examples.py XSWEEP REPOSITORY

A yaml block whose keys belong into a config is laid over a small one and must plan. Blocks with other keys (workflows) are parsed elsewhere. Lines of other blocks that start with `xsweep` must name a
command that there is, with flags that it takes. `<!-- needs: WORDS -->` before a block says what a config needs that is
not here (data, a key, a program): then only its keys and options are checked, as far as the program gets.
"""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

BASE = {
    "exp": "example", "mode": "SHIM", "seeds": "[1]", "trials": "1", "environment": "{ name: airline, tasks: 0..4 }",
    "agent": "{ name: shim }", "attack": "{ name: static }", "defense": "{ name: none }",
    "judge": "{ name: goal_reached }",
}
KEYS = {*BASE, "description", "grid", "controls", "limits", "models", "prices", "gates", "transcripts", "goals", "tasks",
        "effects", "vectors"}
# What says that a config is fine and only something outside of it is missing.
OUTSIDE = re.compile(r"cannot be (read|started|opened)|no such file|is not set|not found|needs a model|there is no|"
                     r"cannot be run|environment variable|is not installed|does not exist|has no (tool|vector|goal)|is given twice", re.I)


def blocks(path):
    """(line, language, needs, text) of each fenced block."""
    lines = path.read_text().split("\n")
    at, needs = 0, ""
    while at < len(lines):
        said = re.match(r"<!-- needs: (.*) -->", lines[at].strip())
        fence = re.match(r"(\s*)```(\w*)\s*$", lines[at])
        if said:
            needs = said[1]
        elif fence:
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
            indent = len(fence[1])
            yield at + 1, fence[2], needs, "\n".join(line[indent:] for line in lines[at + 1:end]) + "\n"
            at, needs = end, ""
        elif lines[at].strip():
            needs = ""
        at += 1


def whole_config(text):
    keys = re.findall(r"^([A-Za-z_]+):", text, re.M)
    if not keys or not set(keys) <= KEYS:
        return None
    return "".join(f"{key}: {value}\n" for key, value in BASE.items() if key not in keys) + text


class Program:
    def __init__(self, binary, repository):
        self.binary, self.repository, self.helps = binary, repository, {}

    def run(self, *words):
        return subprocess.run([self.binary, *words], capture_output=True, text=True, cwd=self.repository,
                              stdin=subprocess.DEVNULL, timeout=120)

    def help_of(self, *words):
        if words not in self.helps:
            result = self.run(*words, "--help")
            self.helps[words] = result.stdout if result.returncode == 0 else ""
        return self.helps[words]

    def fault_of_command(self, line):
        words = shlex.split(line, comments=True)[1:]
        if not words or words[0].startswith("-") or words[0].isupper():
            return ""
        if not re.search(rf"^  {re.escape(words[0])} ", self.help_of(), re.M):
            return f"there is no command `{words[0]}`"
        known = self.help_of(words[0])
        # A flag in second place is none: `xsweep init --agent --help` would write a config for an agent called so.
        if len(words) > 1 and words[1][0].isalpha() and re.search(rf"xsweep {words[0]} {re.escape(words[1])}\b", known):
            known += self.help_of(words[0], words[1])
        missing = [flag for flag in (re.match(r"--[a-z-]+", word) for word in words) if flag and flag[0] not in known]
        return f"`xsweep {words[0]}` takes no {missing[0][0]}" if missing else ""

    def fault_of_config(self, text, needs):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            result = self.run("plan", file.name)
        said = (result.stderr + result.stdout).replace(file.name, "example.yaml")
        if result.returncode == 0 or (needs and OUTSIDE.search(said)):
            return ""
        return said.strip()[:600]


def commands(text):
    """Lines that start with the program, continued ones joined; what a shell does with them afterwards is cut off."""
    for line in re.sub(r"\\\n\s*", " ", text).split("\n"):
        found = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?(xsweep .*)", line)
        if found:
            yield re.split(r"\s(?:[|>&]|;)", found[1])[0].rstrip("`")


def main():
    program = Program(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
    faults, seen = [], 0
    for path in [program.repository / "README.md", *sorted((program.repository / "docs").glob("*.md"))]:
        for line, language, needs, text in blocks(path):
            where = f"{path.relative_to(program.repository)}:{line}"
            config = whole_config(text) if language in ("yaml", "yml") else None
            found = [program.fault_of_config(config, needs)] if config else []
            if language not in ("yaml", "yml", "text", "json", "python"):
                found += [program.fault_of_command(command) for command in commands(text)]
            seen += len(found)
            faults += [f"{where}: {fault}" for fault in found if fault]
    print("\n".join(faults) if faults else f"{seen} examples hold")
    return 1 if faults or seen < 12 else 0


if __name__ == "__main__":
    sys.exit(main())
