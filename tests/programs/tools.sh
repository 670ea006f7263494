# SPDX-License-Identifier: GPL-2.0-or-later
# Tools with much data or many processes.

expects gpg 200 "secret" '
export GNUPGHOME=/tmp/gnupg && mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase "" --quick-gen-key "a <a@b>" rsa2048 sign,encrypt never 2> /dev/null
echo secret > m && gpg --batch -q --trust-model always -r a@b -e -s -o m.gpg m && gpg --batch -q -d m.gpg 2> /dev/null
gpgconf --kill all'

history=$(for i in $(seq 1 3000); do printf 'commit refs/heads/master\ncommitter n <a@b> %d +0000\ndata 2\nc\nM 100644 inline f%d\ndata 5\n%05d\n' $((1000000000 + i)) $((i % 100)) "$i"; done)
echo "$history" > "$root/root/history"
git init -q "$scratch/g" && echo "$history" | git -C "$scratch/g" fast-import --quiet && natively=$(git -C "$scratch/g" rev-parse master)
expects git 300 "$natively 3000
$natively
18f83987 (n 2001-09-09 02:35:01 +0000 1) 02901" '
git init -q g && cd g && git fast-import --quiet < /root/history && git reset -q --hard master
echo $(git rev-parse HEAD) $(git log --oneline | wc -l)
git gc -q --aggressive && git fsck --strict --no-dangling 2> /dev/null
git clone -q . ../h && git -C ../h rev-parse HEAD
git blame f1 | tail -n 1'

expects parallel-make 300 "500500" '
i=1; echo "all: $(seq -s " " -f "%g.o" 1 40)" > Makefile; printf "\tgcc -o all *.o && ./all\n" >> Makefile
for i in $(seq 2 40); do echo "int f$i(void) { return $i; }" > $i.c; done
echo "#include <stdlib.h>
int puts(const char *);
int main(void) { long s = 0; for (int i = 1; i <= 1000; i++) s += i; return s == 500500 ? puts(\"500500\") < 0 : 1; }" > 1.c
make -s -j4 CFLAGS=-O2'

expects processes 200 "2000" 'n=0; while [ $n -lt 2000 ]; do n=$((n + 1)); /bin/true || break; done; echo $n'
