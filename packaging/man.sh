#!/usr/bin/env bash
# Prints xsweep.1 from what the program says of itself.
#   packaging/man.sh BINARY VERSION
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
binary=$1 version=$2
escape() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }
help=$("$binary" --help)
printf '.TH XSWEEP 1 "" "xsweep %s" "User Commands"\n.SH NAME\nxsweep \\- adversarial experiments on tool\\-using AI agents\n' "$version"
printf '.SH SYNOPSIS\n.B xsweep\n.I COMMAND\n[\\fIFLAGS\\fR]\n.SH COMMANDS\n'
sed -n '/^Commands:/,/^$/p' <<<"$help" | sed '1d;/^$/d' | while read -r command summary; do
  printf '.TP\n.B %s\n%s\n' "$(escape <<<"$command")" "$(escape <<<"$summary")"
done
printf '.SH "EXIT STATUS"\n0 done or PASS, 1 a gate says FAIL, 2 a mistake in the config or flags, 3 INSUFFICIENT, 4 INVALID or failed, 5 stopped by a budget, 130 interrupted.\n'
printf '.SH EXAMPLE\n.nf\n%s\n.fi\n' "$(sed -n 's/^Example: //p' <<<"$help" | escape)"
printf '.SH "SEE ALSO"\n.B xsweep COMMAND \\-\\-help\nshows the flags of a command and an example.\n'
