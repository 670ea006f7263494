# SPDX-License-Identifier: GPL-2.0-or-later
# Language runtimes: compilers, just-in-time compilers, garbage collectors, threads.

cat > "$root/root/m.go" <<'EOT'
package main

import ("fmt"; "runtime"; "sync"; "time")

func main() {
	var wait sync.WaitGroup
	var lock sync.Mutex
	sums := map[int]int{}
	for i := 0; i < 200; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			s := 0
			for k := 0; k < 20000; k++ { s += k ^ i }
			page := make([]byte, 1<<16)
			page[i] = 1
			lock.Lock()
			sums[i] = s
			lock.Unlock()
		}(i)
	}
	done := make(chan bool)
	go func() { for x := 0; ; x++ { select { case <-done: return; default: } } }()   // preempted, or the collector waits for ever
	wait.Wait()
	done <- true
	runtime.GC()
	total := 0
	for _, v := range sums { total += v }
	<-time.After(10 * time.Millisecond)
	fmt.Println(len(sums), total)
}
EOT
expects go-build 300 "200 39998540672" 'cp /root/m.go . && export GOCACHE=/tmp/cache GO111MODULE=off && go build -race=false -o m m.go && ./m'
expects go-test 1500 "ok container/heap ok context ok encoding/json ok math/big ok sort ok strconv ok strings ok sync ok sync/atomic" \
    'export GOCACHE=/tmp/cache && cd /usr/lib/go-1.19/src && go test -short container/heap context encoding/json math/big sort strconv strings sync sync/atomic | while read -r word package rest; do printf "%s %s " $word $package; done | sed "s/ \$//"'

cat > "$root/root/G.java" <<'EOT'
import java.util.*;
import java.util.concurrent.*;
public class G {
    public static void main(String[] a) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            final int n = i;
            futures.add(pool.submit(() -> {
                long s = 0;
                Map<Integer, byte[]> map = new HashMap<>();
                for (int k = 0; k < 200000; k++) {
                    map.put(k % 1000, new byte[100 + n]);
                    s += map.get(k % 1000).length + (("x" + k).hashCode() & 3);
                }
                return s;
            }));
        }
        long total = 0;
        for (Future<Long> f : futures) total += f.get();
        System.out.println(total);
        try { ((Object) null).toString(); } catch (NullPointerException e) { System.out.println("caught"); }
        pool.shutdown();
    }
}
EOT
expects java 400 "167999936
caught" 'cp /root/G.java . && javac G.java && java -Xmx256m G'

cat > "$root/root/n.js" <<'EOT'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), http = require('http');
if (!isMainThread) {
    let s = 0;
    for (let i = 0; i < 3e6; i++) s = (s * 31 + i) | 0;
    parentPort.postMessage(s + workerData);
} else {
    let n = 0, total = 0;
    const finish = () => {
        console.log('workers', total);
        const key = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
        console.log(crypto.verify('sha256', Buffer.from('m'), key.publicKey, crypto.sign('sha256', Buffer.from('m'), key.privateKey)));
        const server = http.createServer((q, r) => r.end('served ' + q.url)).listen(0, () =>
            http.get({ port: server.address().port, path: '/p' }, r => r.on('data', d => { console.log(String(d)); server.close(); })));
    };
    for (let i = 0; i < 4; i++) new Worker(__filename, { workerData: i }).on('message', m => { total += m; if (++n == 4) finish(); });
}
EOT
expects node 200 "workers 2548075910
true
served /p" 'node /root/n.js'
expects npm 300 "xx-1.0.0.tgz" 'mkdir p && cd p && npm init -y > /dev/null 2>&1 && npm pkg set name=xx && npm pack 2>/dev/null'

expects ruby 100 '[5000050000, 5000050001, 5000050002, 5000050003] {"a":1}' \
    "ruby -rjson -e 'puts 4.times.map { |i| Thread.new { (1..100000).sum + i } }.map(&:value).inspect + \" \" + {a: 1}.to_json'"
expects php 100 '46368 9dd4e461268c8034f5c8564e155c67a6 {"a":1.5}' \
    "php8.2 -r 'function f(\$n) { return \$n < 2 ? \$n : f(\$n - 1) + f(\$n - 2); } echo f(24), \" \", md5(\"x\"), \" \", json_encode([\"a\" => 1.5]);'"
expects lua 100 "832040" "lua5.4 -e 'local function f(n) return n < 2 and n or f(n - 1) + f(n - 2) end print(f(30))'"

cat > "$root/root/a.erl" <<'EOT'
-module(a).
-export([main/0]).
f(N) when N < 2 -> N; f(N) -> f(N - 1) + f(N - 2).
main() ->
    io:format("~p~n", [f(24)]),
    P = self(),
    [spawn(fun() -> P ! {I, I * I} end) || I <- lists:seq(1, 1000)],
    io:format("~p~n", [lists:sum([receive {_, X} -> X end || _ <- lists:seq(1, 1000)])]),
    halt().
EOT
expects erlang 200 "46368
333833500" 'cp /root/a.erl . && erlc a.erl && erl -noshell -s a main'

cat > "$root/root/h.cs" <<'EOT'
using System; using System.Linq; using System.Threading;
class P {
    static int F(int n) { return n < 2 ? n : F(n - 1) + F(n - 2); }
    static void Main() {
        Console.WriteLine(F(25));
        double[] sums = new double[4];
        var threads = Enumerable.Range(0, 4).Select(i => { var t = new Thread(() => { for (int k = 1; k < 100000; k++) sums[i] += 1.0 / k; }); t.Start(); return t; }).ToList();
        threads.ForEach(t => t.Join());
        Console.WriteLine(sums.Distinct().Single().ToString("F6"));
        try { object o = null; o.ToString(); } catch (NullReferenceException) { Console.WriteLine("caught"); }
        GC.Collect();
    }
}
EOT
expects mono 300 "75025
12.090136
caught" 'cp /root/h.cs . && mono /usr/lib/mono/4.5/mcs.exe h.cs && mono h.exe'

cat > "$root/root/h.hs" <<'EOT'
import Control.Concurrent
import qualified Data.Map as M
main = do
    let m = M.fromList [(i, i * i) | i <- [1 .. 10000 :: Int]]
    print (M.foldr (+) 0 m)
    v <- newEmptyMVar
    mapM_ (\i -> forkIO (putMVar v (i * 2))) [1 .. 10 :: Int]
    xs <- mapM (const (takeMVar v)) [1 .. 10]
    print (sum xs)
EOT
expects ghc 500 "333383335000
110" 'ghc-pkg recache && cp /root/h.hs . && ghc -O -v0 h.hs && ./h'

cat > "$root/root/h.rs" <<'EOT'
use std::thread;
fn main() {
    let threads: Vec<_> = (0..4u64).map(|i| thread::spawn(move || (0..100000u64).fold(i, |a, b| a.wrapping_mul(31).wrapping_add(b)))).collect();
    for t in threads { println!("{}", t.join().unwrap()); }
}
EOT
expects rustc 400 "7009127574047302480
6437471007955881809
5865814441864461138
5294157875773040467" 'rustc -O -o h /root/h.rs && ./h'
expects cargo 400 "Hello, world!" 'cargo new --quiet --vcs none hello && cd hello && cargo run --quiet'
expects clang 300 "clang 42" 'printf "#include <stdio.h>\nint main(){printf(\"clang %%d\\\\n\",42);}" > d.c && clang -O2 d.c -o d && ./d'
expects tcl 100 "120 3628800" "echo 'proc f n { expr {\$n < 2 ? 1 : \$n * [f [expr {\$n - 1}]]} }; puts \"[f 5] [f 10]\"' | tclsh"
