create table t(a integer primary key, b integer, c text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) insert into t select i, i * 7919 % 10007, 'row ' || i from n;
create index tb on t(b);
select count(*), sum(b), max(c) from t where b between 100 and 5000;
select b % 10, count(*), avg(length(c)) from t group by 1 order by 1;
select sum(x.b * y.b) from t x join t y on x.b = y.a where x.a < 30000;
