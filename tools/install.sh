#!/usr/bin/env bash
# Installs what is missing for `archiv` on Debian or Ubuntu: system packages, a virtual environment with pinned
# packages, veraPDF's jars. Repeatable: what is there stays, so a second run takes about a second.
#
#   tools/install.sh            what the program needs
#   tools/install.sh --dev      also what the tests need (PostgreSQL, linters, second opinions)
set -euo pipefail
cd "$(dirname "$0")/.."

dev=no
[ "${1:-}" = "--dev" ] && dev=yes
say() { printf '%s\n' "$*" >&2; }

# --- system packages ---------------------------------------------------------------------------------------------
packages=(python3-venv tesseract-ocr tesseract-ocr-deu tesseract-ocr-osd ghostscript bubblewrap libmagic1 util-linux
  fonts-dejavu-core fonts-liberation default-jre-headless maven)
[ $dev = yes ] && packages+=(postgresql poppler-utils unpaper)
# By the names that installed packages provide: Ubuntu 24.04 and Debian 13 have libmagic1 under another name.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' | tr ',' '\n' |
  awk 'NF { print $1 }')
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
# A Java or Maven that came another way is as good as Debian's.
provided() { case $1 in default-jre-headless) command -v java ;; maven) command -v mvn ;; *) false ;; esac >/dev/null 2>&1; }
wanted=()
for package in "${missing[@]}"; do provided "$package" || wanted+=("$package"); done
if [ ${#wanted[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null; then as_root=(sudo); else
      say "Es fehlen Systempakete. Bitte als Administrator ausführen: apt-get install ${wanted[*]}"
      exit 7
    fi
  fi
  say "Systempakete werden eingerichtet: ${wanted[*]}"
  mkdir -p .build
  if ! { "${as_root[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" \
    env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"; } >.build/apt.log 2>&1; then
    tail -n 15 .build/apt.log >&2
    say "Die Systempakete ließen sich nicht einrichten (siehe oben; ganzes Protokoll: .build/apt.log)."
    exit 7
  fi
fi

# --- virtual environment with pinned packages ----------------------------------------------------------------------
mkdir -p .build
stamp=.build/python-$dev
wanted_stamp=$(cat pyproject.toml constraints.txt | sha256sum)
have() { [ -x .venv/bin/archiv ] && [ -f "$1" ] && [ "$(cat "$1")" = "$wanted_stamp" ]; }
if ! { have .build/python-yes || { [ $dev = no ] && have .build/python-no; }; }; then
  say "Python-Pakete werden eingerichtet (Versionen aus constraints.txt) …"
  [ -x .venv/bin/python ] || python3 -m venv .venv
  export PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1
  # What we depend on first, each built as its maker wants; then ourselves with the build tools that are pinned.
  .venv/bin/python -c "$(printf '%s\n' 'import tomllib' 'project = tomllib.load(open("pyproject.toml", "rb"))["project"]' \
    'print(*project["dependencies"], sep="\n")' "if '$dev' == 'yes': print(*project['optional-dependencies']['dev'], sep='\n')")" >.build/requirements.txt
  .venv/bin/python -m pip install -q hatchling editables -r .build/requirements.txt
  .venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .
  printf '%s' "$wanted_stamp" >"$stamp"
fi

# --- veraPDF, the reference validator for PDF/A ----------------------------------------------------------------------
pom=tools/verapdf/pom.xml
if [ ! -f .build/verapdf/ready ] || [ $pom -nt .build/verapdf/ready ]; then
  say "veraPDF wird eingerichtet …"
  rm -rf .build/verapdf && mkdir -p .build/verapdf
  if mvn -q -B -f $pom dependency:copy-dependencies -DoutputDirectory="$PWD/.build/verapdf/jars" >.build/verapdf.log 2>&1; then
    touch .build/verapdf/ready
  else
    tail -n 5 .build/verapdf.log >&2
    say "veraPDF ließ sich nicht einrichten (Protokoll: .build/verapdf.log); PDF/A gilt dann als „nicht geprüft“."
    exit 7
  fi
fi

# Its classes belong to one Java: after an upgrade they are kept anew.
java_stamp=$(stat -Lc '%n %s %Y' "$(readlink -f "$(command -v java)")" 2>/dev/null || true)
if [ -n "$java_stamp" ] && [ "$(cat .build/verapdf/java 2>/dev/null)" != "$java_stamp" ]; then
  rm -f .build/verapdf/classes.jsa
  .venv/bin/python tools/verapdf/keep_classes.py .build/verapdf/jars
  printf '%s' "$java_stamp" >.build/verapdf/java
fi

# --- our own modules, compiled -------------------------------------------------------------------------------------
# Children behind walls may write nothing, so without this each of them would compile again what it loads.
.venv/bin/python -m compileall -q akten app archive catalog flows ingest metadata ocr retention
