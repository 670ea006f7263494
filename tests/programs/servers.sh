# SPDX-License-Identifier: GPL-2.0-or-later
# Servers under load over loopback, and a crash.

expects postgresql 400 "transactions: 400/400 failed: 0
consistent t
1500
recovered 1" '
bin=/usr/lib/postgresql/15/bin data=/tmp/pg
mkdir $data && chown postgres $data
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
as $bin/initdb -D $data -A trust > initdb.log 2>&1 || cat initdb.log
start() { as $bin/pg_ctl -D $data -o "-k /tmp" -l /tmp/log -w start > /dev/null || cat /tmp/log; }
sql() { as $bin/psql -h /tmp -qAtc "$1" postgres; }
start
as $bin/pgbench -h /tmp -i -s 1 -q postgres 2> /dev/null
as $bin/pgbench -h /tmp -c 4 -j 2 -t 100 postgres 2>&1 | sed -n "s/.*actually processed/transactions/p; s/number of failed transactions: \([0-9]*\).*/failed: \1/p" | tr "\n" " " | sed "s/ $//"
echo
echo consistent $(sql "select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts")
sql "create table t as select generate_series(1, 1000) i; checkpoint; insert into t select generate_series(1, 500)"
as $bin/pg_ctl -D $data -m immediate stop > /dev/null
start
sql "select count(*) from t"
as $bin/pg_ctl -D $data -m fast stop > /dev/null
echo recovered $(grep -c "redo done" log)'

expects redis 200 "SET GET LPUSH ZADD 6 ready to exit, bye bye..." '
redis-server --port 7777 --save "" --daemonize yes --logfile /tmp/log > /dev/null
until redis-cli -p 7777 ping > /dev/null 2>&1; do sleep 0.1; done
redis-benchmark -p 7777 -n 5000 -c 20 -q -t set,get,lpush,zadd 2>&1 | tr "\r" "\n" | sed -n "s/\(.*\): [0-9.]* requests per.*/\1/p" | tr "\n" " "
redis-cli -p 7777 eval "return redis.call(\"incrby\",\"k\",5)+1" 0 | tr "\n" " "
redis-cli -p 7777 shutdown nosave
sleep 1
tail -n 1 log | grep -o "ready to exit.*"'

cat > "$root/root/load.py" <<'EOT'
import threading, urllib.request
sizes = []
def load():
    for i in range(50):
        sizes.append(len(urllib.request.urlopen('http://127.0.0.1:8088/f').read()))
threads = [threading.Thread(target=load) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(sizes), set(sizes))
EOT
expects nginx 200 "200 {3893}
200 {3893}" '
mkdir www && seq 1 1000 > www/f
echo "worker_processes 2; pid /tmp/pid; error_log /tmp/error; events { worker_connections 100; } http { access_log off; server { listen 8088; root /tmp/www; } }" > conf
nginx -c /tmp/conf
sleep 1
python3 /root/load.py
nginx -c /tmp/conf -s reload
sleep 1
python3 /root/load.py
nginx -c /tmp/conf -s quit'

expects ssh-and-rsync 200 "over ssh aarch64
same
same again" '
mkdir -p -m 700 /root/.ssh && mkdir keys
ssh-keygen -q -t ed25519 -N "" -f keys/host && ssh-keygen -q -t ed25519 -N "" -f keys/id && cp keys/id.pub /root/.ssh/authorized_keys
/usr/sbin/sshd -f /dev/null -p 2222 -h /tmp/keys/host -o UsePAM=no -o StrictModes=no -o PidFile=/tmp/pid -E /tmp/log
through="ssh -p 2222 -i /tmp/keys/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -q"
$through 127.0.0.1 "echo over ssh \$(uname -m)" || cat log >&2
seq 1 100000 > data && mkdir to
rsync -a -e "$through" data 127.0.0.1:/tmp/to/ && cmp data to/data && echo same
echo more >> data
rsync -a -e "$through" --no-whole-file data 127.0.0.1:/tmp/to/ && cmp data to/data && echo same again
kill $(cat pid)'
