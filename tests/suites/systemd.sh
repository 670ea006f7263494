# SPDX-License-Identifier: GPL-2.0-or-later
# systemd's programs that need no booted system: what they print and make.

outcomes_systemd() { head -n -2 "$1" | sed -E 's/ .*ago$//'; }

# tool NAME SCRIPT
tool() { compare systemd "$1" 100 "export SYSTEMD_PAGER=cat TZ=UTC PATH=\$PATH:/lib/systemd; $2"; }

tool escape 'systemd-escape "a/b c\\" é; systemd-escape -p /x/y-z/; systemd-escape -u x-y\\x2dz; systemd-escape --template=a@.service "b c"; systemd-escape -m /mnt/a'
tool id128 'systemd-id128 show | grep -v "^root\|^usr"; systemd-id128 show esp home -p; systemd-id128 new | wc -c; systemd-id128 machine-id'
tool analyze-time 'systemd-analyze calendar --base-time="2026-11-01 12:00" --iterations=5 "Mon..Fri *-*-1/3 10:00/20" "quarterly" "*-02-29"; systemd-analyze timespan 1y2months3ms "5 h"; systemd-analyze timestamp @1700000000 "2026-01-01 UTC" | grep -v now'
tool analyze-tables 'systemd-analyze syscall-filter; systemd-analyze exit-status; systemd-analyze capability; systemd-analyze unit-files | grep "^ids" | sort; systemd-analyze cat-config systemd/system.conf; systemd-analyze compare-versions 1.2~rc1 lt 1.2; echo $?'
tool analyze-units 'printf "[Unit]\nConditionPathExists=/x\n[Service]\nType=exec\nExecStart=/bin/true\nProtectSystem=strict\nSystemCallFilter=@system-service\nBad=1\n" > a.service; systemd-analyze verify ./a.service; echo $?
    systemd-analyze security --offline=true ./a.service | sed "s/(e.g. [a-z0-9_]* /(/; s/  */ /g"; systemd-analyze verify /lib/systemd/system/*.service /lib/systemd/system/*.target 2>&1 | sort | head -n 200; systemd-analyze condition "ConditionPathExists=/etc"'
tool tmpfiles 'mkdir -p r/usr/lib/tmpfiles.d r/etc; cp /etc/passwd /etc/group r/etc; printf "d /run/a 0750 daemon daemon -\nf /run/a/f 0600 - - - text\\\\nmore\nL /run/l - - - - a/f\nD /x 1777\np+ /run/p 0600\nC /c - - - - /etc\nt /run/a - - - - user.k=v\na+ /run/a - - - - u:bin:r\nz /run/a/f 0444\nR /gone\n" > r/usr/lib/tmpfiles.d/t.conf; mkdir -p r/gone/deep
    systemd-tmpfiles --root=r --create --remove; cd r; find . | sort | while read f; do stat -c "%n %A %u %g %s" $f; done | grep -v "^\. "; cat run/a/f; systemd-tmpfiles --cat-config | wc -l; cd ..; systemd-tmpfiles --create --prefix=/run; echo $?; find /run | sort | head -n 50'
tool sysusers 'mkdir -p r/usr/lib/sysusers.d r/etc; printf "u httpd 404 \"Web server\" /srv /bin/sh\ng thing 555\nm httpd thing\nr - 300-310\nu free - \"Any\"\n" > r/usr/lib/sysusers.d/t.conf; systemd-sysusers --root=r; echo $?; grep -v "^root" r/etc/passwd r/etc/group r/etc/gshadow; cut -d: -f1,2 r/etc/shadow; systemd-sysusers --root=r --dry-run; systemd-sysusers --cat-config | md5sum'
tool systemctl 'mkdir -p r/etc r/usr/lib; cp -a /lib/systemd r/usr/lib/; ln -s usr/lib r/lib; cd r; systemctl --root=$PWD enable systemd-networkd getty@tty1; systemctl --root=$PWD list-unit-files; systemctl --root=$PWD preset-all; systemctl --root=$PWD mask cron.service; systemctl --root=$PWD set-default rescue.target; systemctl --root=$PWD get-default; systemctl --root=$PWD is-enabled systemd-networkd getty@tty1; systemctl --root=$PWD cat systemd-udevd; find etc | sort; systemctl is-system-running; systemctl list-units; echo $?'
tool firstboot 'mkdir -p r/etc r/usr/bin; systemd-firstboot --root=$PWD/r --hostname=box --locale=C.UTF-8 --timezone=UTC --machine-id=0123456789abcdef0123456789abcdef --root-password=x --force; echo $?; ls r/etc; cat r/etc/hostname r/etc/machine-id r/etc/locale.conf; systemd-machine-id-setup --root=$PWD/r --print'
tool hwdb 'mkdir -p r/usr/lib r/etc; cp -r /lib/udev r/usr/lib/; systemd-hwdb --root=$PWD/r update; echo $?; md5sum r/etc/udev/hwdb.bin; systemd-hwdb --root=$PWD/r query "usb:v046DpC52B" | sort'
tool journal 'cp /bin/true .; systemd-cat --version | head -n 1; journalctl -D /tmp; journalctl --header -D /tmp; journalctl --version | head -n 1; journalctl --list-catalog | sort | md5sum; journalctl --update-catalog --root=/ ; echo $?'
tool path 'systemd-path | grep -v library-arch; systemd-path --suffix=x user-documents; systemd-delta --no-pager | tail -n 3'
tool detect-virt 'systemd-detect-virt -c; systemd-detect-virt -r; echo $?; systemd-detect-virt --private-users; echo $?; systemd-detect-virt --list | wc -l'
tool activation 'cat > a.py <<E
import socket, os, sys
s = socket.socket(fileno=3); print("pid", os.environ["LISTEN_PID"] == str(os.getpid()), os.environ["LISTEN_FDS"], os.environ.get("LISTEN_FDNAMES")); c, _ = s.accept(); print(c.recv(9)); c.send(b"back")
E
cat > n.py <<E
import socket, os, subprocess
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("/tmp/n"); s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
p = subprocess.Popen(["systemd-notify", "--ready", "--status=well"], env=dict(os.environ, NOTIFY_SOCKET="/tmp/n"))
print(s.recv(999)); 
E
python3 n.py; systemd-socket-activate -l /tmp/s --fdname=name python3 a.py > out 2> err & until [ -S s ]; do sleep 0.1; done; python3 -c "
import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"/tmp/s\"); s.send(b\"there\"); print(s.recv(9))"; wait; cat out; sed "s/PID [0-9]*/PID/; s/ as [0-9]*/ as/" err'
tool inhibit-and-bus 'busctl list; echo $?; systemd-inhibit true; echo $?; systemd-run true; echo $?; loginctl; echo $?; systemd-cgls 2>&1 | head -n 1; machinectl; echo $?; timedatectl; echo $?; hostnamectl; echo $?'
tool creds 'mkdir -p /var/lib/systemd; echo secret > s; systemd-creds setup; systemd-creds --with-key=host --name=n encrypt s c && systemd-creds --name=n decrypt c -; wc -c < c; systemd-creds list; echo $?'
tool repart 'truncate -s 64M d; mkdir defs; printf "[Partition]\nType=linux-generic\nSizeMinBytes=10M\nUUID=0123456789abcdef0123456789abcdef\n" > defs/a.conf; systemd-repart --definitions=/tmp/defs --empty=force --seed=0123456789abcdef0123456789abcdef --dry-run=no --no-pager --json=short d; echo $?; md5sum d'
tool udev 'udevadm --version; udevadm info --export-db | wc -l; udevadm test-builtin path_id /sys/class/net/lo 2>&1 | grep -v "^Load" ; udevadm hwdb --test=usb:v046DpC52B 2>&1 | sort; udevadm info -a -p /sys/class/net/lo | sed "s/{ifindex}.*//" | grep -v statistics'
tool dissect 'systemd-dissect --version | head -n 1; truncate -s 1M d; systemd-dissect d; echo $?'
# A container that boots nothing: one program as its first process, with its own /proc, /dev, /run, network, capabilities and seccomp filter.
container='mount -t tmpfs run /run; echo 0123456789abcdef0123456789abcdef > /etc/machine-id; mkdir -p c/usr c/etc c/tmp; echo ID=x > c/etc/os-release
for d in bin sbin lib lib64; do if [ -L /$d ]; then ln -s usr/$d c/$d; elif [ -d /$d ]; then cp -a /$d c/; fi; done
enter() { systemd-nspawn --quiet --register=no --keep-unit -D c --bind-ro=/usr "$@"; echo status $?; }
'
tool nspawn-version 'systemd-nspawn --version | head -n 1'
tool nspawn-process "$container"'enter sh -c "echo \$\$ \$(hostname) \$(id -u) \$container; ls / /dev | grep -v lib64; cat /proc/1/comm; exit 7"'
tool nspawn-options "$container"'enter --private-network --as-pid2 --hostname=box --setenv=A=b --chdir=/usr --drop-capability=CAP_CHOWN sh -c "echo \$\$ \$(hostname) \$A \$(pwd); ip -o link | cut -d: -f2; grep Cap /proc/self/status; chown 1 /tmp; echo \$?"
cp /etc/passwd /etc/group c/etc; enter --user=daemon id; enter --read-only --tmpfs=/tmp sh -c "touch /x; touch /tmp/y; echo \$?"; enter --no-new-privileges=yes --rlimit=NOFILE=77 sh -c "ulimit -n; grep NoNew /proc/self/status"; enter --system-call-filter=~mkdirat --system-call-filter=~mkdir sh -c "mkdir /tmp/a; echo \$?"'
