s=0 i=0
while ((i < 60000)); do ((s = (s * 31 + i) & 0xffff, i++)); case $s in *7*) w=${w:0:50}$s ;; esac; done
f() { local n=$1; if ((n < 2)); then r=$n; else f $((n - 1)); local a=$r; f $((n - 2)); ((r += a)); fi; }
f 17
echo "$s $r ${#w}"
