# A long script for Debian's busybox: its shell, and its applets as processes of their own. What it prints has to be,
# byte for byte, what the same binary prints under qemu-riscv64 on Linux (busybox.expected; `make busybox-expected`).
# So nothing here may depend on today, on pids and inodes, on the order of a directory, or on who is faster.
#
# Usage: busybox sh busybox.sh, in an empty folder that may be filled.
umask 022
export TZ=UTC LC_ALL=C
title() { echo; echo "==== $* ===="; }
try() { # prints what a command says and its status
  "$@" 2>&1
  echo "[$?] $1"
}

title words and quotes
a='x  y'
echo $a "$a" '$a' \$a "\"$a\""
echo "a	b" 'back\slash' "back\\slash"
printf '%s|' one "two three" '' four; echo
set -- 'p q' r s
echo $# "$1" "$*" "$@"
for w in "$@"; do printf '<%s>' "$w"; done; echo
for w in $*; do printf '<%s>' "$w"; done; echo
shift; echo $# $1
IFS=:; p=a:b::c; set -- $p; echo $#; unset IFS
echo {a,b} ~+ | tr -d '~'

title parameters
unset u; e=; v=value/with/slashes.tar.gz
echo "${u-unset}" "${e-unset}" "${e:-empty}" "${v:+there}" "${u:=now set}" "$u"
echo "${#v}" "${v##*/}" "${v%/*}" "${v#*/}" "${v%%.*}" "${v%.gz}"
echo "${v:6:4}" "${v/with/without}" "${v//s/S}"
try sh -c 'echo ${nope:?is missing}'
set -u; try sh -uc 'echo $nope'; set +u
readonly fixed=1; try sh -c 'readonly r=1; r=2; echo not here'

title arithmetic
echo $((1 + 2 * 3)) $(((1 + 2) * 3)) $((7 / 2)) $((-7 / 2)) $((7 % 3)) $((1 << 40)) $((-1 >> 1))
echo $((0x10 + 010)) $((5 > 3 && 2 < 1)) $((5 > 3 ? 10 : 20)) $((~0)) $((6 & 3)) $((6 | 3)) $((6 ^ 3))
i=5; echo $((i++ + ++i)) $i $((i -= 3)) $((i *= 4)) $((i ** 2))
echo $((9223372036854775807 + 1))
try sh -c 'echo $((1 / 0))'
expr 3 + 4 \* 2; expr length hello; expr substr hello 2 3; expr abcde : 'a\(.*\)e'
try expr 1 = 2
n=0; while [ $n -lt 1000 ]; do n=$((n + 1)); done; echo $n

title control
for i in 1 2 3 4 5; do
  [ $i = 2 ] && continue
  [ $i = 5 ] && break
  echo loop $i
done
i=0; until [ $i -ge 3 ]; do i=$((i + 1)); done; echo until $i
for f in report.txt photo.jpg Makefile x.c '?' '[a]'; do
  case $f in
    *.txt | *.c) echo "$f: text" ;;
    *.jp[eg]g | *.jpg) echo "$f: picture" ;;
    [A-Z]*) echo "$f: capital" ;;
    '?') echo "$f: a question mark" ;;
    *) echo "$f: something else" ;;
  esac
done
if false; then echo no; elif true; then echo elif; else echo no; fi
! false && echo negated
{ echo grouped; echo together; } | wc -l
(exit 7); echo status $?
false | true; echo pipe $?
(set -o pipefail; false | true; echo pipefail $?)
true && false || echo or

title functions
fib() { if [ $1 -lt 2 ]; then echo $1; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
fib 8
scope() { local x=inside; echo $x $1 $#; return 3; }
x=outside; scope a b; echo $? $x
down() { [ $1 = 0 ] && return 0; down $(($1 - 1)); }
down 100 && echo a hundred deep
words() { echo "$#: $*"; shift 2; echo "$#: $*"; }; words 1 2 3 4
unset -f words; try words

title substitution
echo "$(echo a; echo b)" | tr '\n' ' '; echo
echo $(echo $(echo $(echo nested)))
echo `echo back \`echo quoted\``
x=$(printf 'ends with newlines\n\n\n'); echo "[$x]"
echo $(exit 4) $?; y=$(exit 4); echo $?
eval 'z=$x; echo "$z"'
x=$(seq 1 2000); echo ${#x}

title redirections
echo one > f; echo two >> f; cat f; cat < f > g; cmp f g && echo same
cat 3< f <&3; exec 4> h; echo by four >&4; exec 4>&-; cat h
try sh -c 'echo closed >&4'
ls nothing 2> err; cat err; ls nothing > both 2>&1; cat both
{ echo out; echo err >&2; } 2>&1 > file | sed 's/^/piped: /'; cat file
set -C; try sh -C -c 'echo no > f'; echo yes >| f; set +C; cat f
: > empty; [ -s empty ] || echo empty
while read a b; do echo "$b-$a"; done << END
1 one
2 two three
END
cat <<- 'END'
	no $expansion, and no tabs
END
cat << END
$((6 * 7)) $(echo sub) \$plain
END
echo 'a\tb c' | { read x; echo "$x"; }; echo 'a\tb c' | { read -r x; echo "$x"; }
printf 'no newline' | { read x; echo "$? $x"; }
try sh -c 'cat < nothing'

title pipes
seq 100 | grep 7 | sort -rn | head -3 | tr '\n' ' '; echo
seq 10000 | cat | cat | cat | cat | tail -1
yes | head -5 | uniq -c
seq 20000 | wc -c
seq 5 | tee t1 t2 | md5sum; cmp t1 t2 && wc -l < t1
(echo a; echo b) | while read l; do echo "<$l>"; done
dd if=/dev/zero bs=1000 count=300 2> /dev/null | tr '\0' x | fold -w 100 | md5sum
yes | sed 1000q | (head -2; cat > /dev/null)
: | cat | wc -c
sh -c 'yes; echo "status $?" >&2' 2>&1 | head -1

title jobs
(exit 5) & wait $!; echo waited $?
for i in 1 2 3 4 5 6 7 8; do (exit $i) & done; wait; echo all $?
for i in 3 1 2; do (echo job $i > job.$i) & done; wait; cat job.1 job.2 job.3
p=; for i in 1 2 3; do (exit $((i * 10))) & p="$p $!"; done; for i in $p; do wait $i; echo -n "$? "; done; echo
sleep 100 & kill $!; wait $! 2> /dev/null; echo killed $?
sleep 100 & kill -9 $!; wait $! 2> /dev/null; echo killed $?
(while :; do :; done) & kill -TERM $!; wait $! 2> /dev/null; echo busy one killed $?
echo background | cat &
wait
try kill -l 15
try kill -0 1073741

title traps
trap 'echo exit trap' EXIT; trap - EXIT
(trap 'echo leaving $?' EXIT; exit 3); echo $?
(trap 'echo got TERM' TERM; kill -TERM $(exec sh -c 'echo $PPID'); echo after)
sh -c 'trap "echo usr1" USR1; kill -USR1 $$; kill -USR1 $$; echo done'
sh -c 'trap "" TERM; kill -TERM $$; echo ignored'
sh -c 'trap "echo child done" CHLD; (exit 1); true; trap - CHLD; echo end'
sh -c 'trap "echo woken; exit 9" TERM; (sleep 0.1; kill -TERM $$) & while :; do :; done' > trapped
echo $?; cat trapped
sh -c 'kill -INT $$; echo not reached'; echo $?
timeout 0.1 sleep 100; echo timeout $?

title test
touch -d '2001-01-01 00:00:00' old; touch -d '2002-01-01 00:00:00' new; mkdir dir; ln -s old link; ln -s gone broken
for e in '-f old' '-d dir' '-e gone' '-L link' '-h broken' '-e broken' '-s old' '-r old' '-x old' 'new -nt old' \
  'new -ot old' 'old -ef link' '-n x' '-z x' 'a = a' 'a != a' '3 -lt 10' '3 -gt 10' '! -f old' '-f old -a -d dir'; do
  [ $e ]; echo "$?  $e"
done
try [ 1 -eq one ]
[[ abc == a* ]] && echo double brackets

title printf
printf '%d %5d|%-5d|%05d %x %X %o %c\n' 42 42 42 42 255 255 8 char
printf '%s %10s|%-10s|%.3s\n' a b c defgh
printf '%.3f %e %g\n' 3.14159 12345.678 0.0001
printf '%b\n' 'tab\there\x41\101'
printf '%s-%s\n' 1 2 3 4 5
try printf '%d\n' seven

title files
mkdir -p deep/er/still; echo leaf > deep/er/still/leaf; find deep | sort
try mkdir dir; try mkdir -p dir; try rmdir deep; try mkdir none/such
cp -r deep copy; diff -r deep copy && echo alike; echo more >> copy/er/still/leaf; diff -r deep copy; rm -r copy
try rm copy; rm -f copy; echo forced $?
echo content > original; chmod 640 original; touch -d '2005-06-07 08:09:10' original
cp -a original kept; stat -c '%a %s %Y %F %h' original kept; ls -ln kept | tr -s ' ' | cut -d' ' -f1-5
ln original hard; stat -c %h original; [ original -ef hard ] && echo one file
ln -s original soft; readlink soft; cat soft; rm original; cat hard soft 2>&1
try ln hard kept; ln -sf hard soft; readlink -f soft | sed 's|.*/||'
mv hard moved; try mv hard elsewhere; mkdir into; mv moved kept into; ls into
touch -r into/kept stamp; stat -c %Y stamp; touch -d @86400 stamp; date -u -r stamp
chmod u=rwx,g=rx,o= stamp; stat -c %A stamp; chmod 4711 stamp; stat -c %a stamp
truncate -s 10000 holes; wc -c < holes; echo end >> holes; tail -c 4 holes; od -c holes | tail -3
echo 0123456789 > d; dd if=d of=d2 bs=1 skip=2 count=5 2> /dev/null; cat d2; echo
printf AB | dd of=d bs=1 seek=4 conv=notrunc 2> /dev/null; cat d
dd if=d bs=4 count=1 2>&1 | head -c 4; echo
rm -r into deep; ls -d into deep 2>&1; mktemp -u XXXXXX | wc -c
cd dir; pwd | sed 's|.*/||'; cd ..; cd - > /dev/null; basename "$PWD"; cd ..; dirname a/b/c; realpath dir/../d | sed 's|.*/||'
ls -1 d*; ls -a dir; echo d* [e-h] no*such
(umask 077; : > private; stat -c %a private); (umask 777; : > nobody; stat -c %a nobody)

title find
mkdir -p tree/a tree/b/c; for i in 1 2 3; do seq $i > tree/a/$i.txt; seq $((i * 50)) > tree/b/c/$i.log; done
find tree -name '*.txt' | sort; find tree -type d | sort; find tree -size +100c -type f | sort | xargs wc -c
find tree -name '*.log' -exec wc -l {} \; | sort; find tree -type f -print0 | sort -z | xargs -0 cat | md5sum
find tree -name 1.\* -o -name 2.txt | sort; find tree -maxdepth 1 | sort; find tree -newer old -type f | wc -l
find tree -name '*.txt' -exec rm {} +; find tree -type f | sort; find tree -depth | tail -1; rm -r tree; ls tree 2>&1
seq 20 | xargs -n 7; seq 3 | xargs -I @ echo item @; echo a b | xargs -n 1 sh -c 'echo $0 $#'
printf 'x y\nz\n' | xargs echo; true | xargs echo empty; true | xargs -r echo empty
echo 1 2 | xargs -n 1 sh -c 'exit $0'; echo $?

title text
cat > table << END
anna 30 berlin
bert 25 paris
carl 35 berlin
dora 25 rome
END
sort -k2,2n -k1,1r table; sort -k3 -u table; sort -t' ' -k2nr table | head -1
cut -d' ' -f1,3 table; cut -c1-3 table | paste -s -d, ; head -2 table | tail -1; tail -n +3 table; tac table | rev
tr a-z A-Z < table | tr -d ' ' | tr -s A; tr -cd '0-9\n' < table; echo hello | tr 'el' 'ip'
cut -d' ' -f3 table | sort | uniq -c | sort -rn; uniq -d << END
a
a
b
END
nl table; wc table; wc -l < table; fold -w 6 table | head -3; expand -t 4 << END
	x	y
END
grep -n berlin table; grep -v berlin table; grep -c 5 table; grep -i ANNA table; grep -E '^(a|d).*e' table
grep -o '[0-9]*' table | tr '\n' ' '; echo; grep -q nobody table; echo $?; grep -w 3 table; grep -l anna table g
grep -A1 bert table; grep -e anna -e dora table; grep -F . table; echo 'a.b' | grep -F .; try grep x nothing
sed 's/berlin/BERLIN/; 2d' table; sed -n '2,3p' table; sed -n '/bert/,/carl/{s/^/> /;p}' table; sed '$!d' table
sed 's/\(.*\) \(.*\) \(.*\)/\3 \2 \1/' table; sed -e '1i\' -e 'first' -e '$a\' -e 'last' table; sed = table | sed 'N;s/\n/:/'
sed 's/[aeiou]/<&>/2g' table; sed -E 's/([a-z]+) ([0-9]+)/\2 \1/' table; cp table t; sed -i '/rome/d' t; wc -l < t
sed ':l;N;$!bl;s/\n/;/g' table; sed 'y/abc/xyz/' table; sed '/paris/q' table; echo aaa | sed 's/a/b/2;s/a/c/'
diff table t; diff -u t table | tail -n +3; cmp table t; cmp -s table table; echo $?; comm 2> /dev/null; patch -v > /dev/null 2>&1
diff -u table t > change; cp table table2; patch table2 < change; cmp table2 t && echo patched

title awk
awk '{ sum += $2 } END { print sum, sum / NR }' table; awk '$2 > 26 { print NR ": " $1 }' table
awk '{ n[$3]++ } END { for (c in n) print c, n[c] }' table | sort
awk -F'a' '{ print NF, $1 }' table; awk 'BEGIN { printf "%05.2f|%-6s|%x\n", 3.14159, "ab", 255 }'
awk 'function f(n) { return n < 2 ? 1 : n * f(n - 1) } BEGIN { print f(10), f(20) }'
awk 'BEGIN { s = "hello world"; print toupper(s), length(s), index(s, "o"), substr(s, 7), match(s, /w.r/), RSTART }'
awk 'BEGIN { n = split("a:b:c", p, ":"); print n, p[3]; x = "aaa"; print gsub(/a/, "b", x), x }'
awk 'BEGIN { while (("echo one; echo two" | getline l) > 0) print "got", l; close("x"); print "z\na" | "sort" }'
awk 'BEGIN { print int(-3.7), 7 % 3, 1e300 * 1e10, 1 / 3, 0.1 + 0.2, 1e6 * 1e6, 10 / 4, -0.5 * 3 }'
awk -v n=3 'NR == n { print; exit 4 }' table; echo $?; awk '/bert/, /carl/' table; seq 10 | awk 'NR % 3 == 0'
awk 'BEGIN { print system("exit 3"), ENVIRON["TZ"]; for (i = 0; i < 20000; i++) a[i] = i * i; print a[19999] }'
seq 1000 | awk '{ a[NR] = $1 } END { for (i = NR; i > NR - 3; i--) print a[i]; print "x" > "out.awk" }'; cat out.awk

title archives
mkdir -p pack/sub; seq 5000 > pack/numbers; echo hello > pack/sub/hello; ln -s sub/hello pack/link; chmod 751 pack/numbers
touch -d '2010-10-10 10:10:10' pack/numbers
tar cf pack.tar pack; tar tf pack.tar | sort; mkdir unpack; tar xf pack.tar -C unpack; diff -r pack unpack/pack && echo equal
stat -c '%a %s %Y' unpack/pack/numbers; readlink unpack/pack/link
tar czf pack.tgz pack; [ $(wc -c < pack.tgz) -lt $(wc -c < pack.tar) ] && echo smaller; tar tzf pack.tgz | wc -l
tar xzOf pack.tgz pack/sub/hello; gunzip -c pack.tgz | tar tf - | wc -l
gzip -c pack/numbers | gunzip -c | cmp - pack/numbers && echo through gzip; cp pack/numbers n; gzip n; ls n*; gunzip n.gz; cmp n pack/numbers
bzip2 -c n | bunzip2 -c | md5sum; bzip2 -9 -c n | wc -c; zcat pack.tgz | wc -c | awk '{ print ($1 > 0) }'
(cd pack; find . | sort | cpio -o -H newc 2> /dev/null) | cpio -t 2> /dev/null | sort
echo not a gzip file > bad.gz; try gunzip bad.gz
md5sum pack/numbers > sums; sha1sum pack/numbers; sha256sum pack/sub/hello; sha512sum < /dev/null; md5sum -c sums; crc32 n
base64 pack/sub/hello; base64 pack/sub/hello | base64 -d; uuencode hello < pack/sub/hello; xxd pack/sub/hello; od -A d -t x1 pack/sub/hello
hexdump -C pack/sub/hello; strings pack/sub/hello; seq 3 | od -c; printf '\001\377' | od -t u1; echo 12345 | xxd -p

title time and numbers
date -u -d @0; date -u -d @1234567890 '+%Y-%m-%d %H:%M:%S %j %a'; date -u -d '2000-02-29 12:00' +%s; cal 2 2024
seq -w 8 11; seq 10 -3 0; seq -s, 5; seq 0.5 0.5 2; factor 1001 65536 999983; echo '2 ^ 100; scale = 10; 1 / 3' | bc; dc -e '10 k 2 v p'
echo 3 1 2 | tr ' ' '\n' | sort -n | tr '\n' ' '; echo; shuf -i 1-10 | sort -n | paste -sd' '; true; echo $?; false; echo $?
env -i A=1 B='two words' env | sort; env -i A=1 sh -c 'echo $A $HOME.'; A=2 sh -c 'echo $A'; export E=kept; sh -c 'echo $E'
sh -c 'echo $0 $1' name first; echo 'echo in a script $1 $#; exit 6' > script; try sh script x y
printf '#!%s sh\necho "run by $(basename $0): $*"\n' "$(which busybox)" > own; chmod +x own; ./own 1 '2 3'
try no-such-command; try ./script; try ./dir; type cd; command -v cd; which no-such-program; echo $?
getopt ab:c -a -b x y; sleep 0; usleep 1; nproc > /dev/null && echo harts; yes no | head -1; id -u; echo "$?"
ed -s table << END
2d
w edited
q
END
wc -l < edited; cat edited | sh -c 'cat -' | cat -n
