import re, json
def primes(n):
    s = bytearray([1]) * (n + 1)
    for i in range(2, int(n ** 0.5) + 1):
        if s[i]:
            s[i * i::i] = bytes(len(s[i * i::i]))
    return [i for i in range(2, n + 1) if s[i]]
class Node:
    __slots__ = ("left", "right")
    def __init__(self, depth):
        self.left = Node(depth - 1) if depth else None
        self.right = Node(depth - 1) if depth else None
    def check(self):
        return 1 + self.left.check() + self.right.check() if self.left else 1
total = sum(primes(200000)) + Node(13).check()
words = re.findall(r"[a-z]+", " ".join("%x word%d" % (i * 7919, i) for i in range(20000)))
table = {}
for w in words:
    table[w] = table.get(w, 0) + 1
x = 0.0
for i in range(1, 200000):
    x += 1.0 / (i * i)
print(total, len(table), len(json.dumps(table)), "%.9f" % x)
