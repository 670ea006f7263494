local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t = {}
for i = 1, 300000 do t[i] = (i * 7919) % 100003 end
table.sort(t)
local s = 0
for i = 1, 3000000 do s = (s * 31 + i) % 16777216 end
local parts = {}
for i = 1, 50000 do parts[#parts + 1] = tostring(i):rep(2) end
print(fib(27), t[1000], s, #table.concat(parts))
