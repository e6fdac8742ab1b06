#!/bin/sh
# Becomes one machine: own host name, processes and file system, then its set-up, then sshd. Of this computer only
# the programs are there, read-only. Runs in mount, host name, process and network namespaces of its own.
# Arguments: name, directory with `authorized_key` and `set-up`.
set -eu
name=$1
files=$2
root=$files/root

hostname "$name"
mkdir -p "$root"
mount -t tmpfs -o size=256m,mode=755 none "$root"
for programs in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$programs" ]; then
    cp -P "/$programs" "$root/"
  elif [ -d "/$programs" ]; then
    mkdir "$root/$programs"
    mount --rbind "/$programs" "$root/$programs"
    mount -o remount,bind,ro "$root/$programs"
  fi
done
mount -t tmpfs -o mode=755 none "$root/usr/local/sbin"
mkdir -p "$root/dev" "$root/home" "$root/opt" "$root/proc" "$root/run/sshd" "$root/srv" "$root/var/log"
mkdir -m 700 "$root/root"
mkdir -m 1777 "$root/tmp"
ln -s /run "$root/var/run"
mount -t proc none "$root/proc"
mount --rbind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 none "$root/dev/pts"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"

# What only this computer's root can read is made anew.
cp -r /etc "$root/etc" 2>/dev/null || true
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/shadow* "$root"/etc/gshadow*
sed 's/:.*/:*:19000:0:99999:7:::/' "$root/etc/passwd" >"$root/etc/shadow"
chmod 640 "$root/etc/shadow"
echo "$name" >"$root/etc/hostname"
# sudo says so on stderr when the host name does not resolve.
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >"$root/etc/hosts"

# There is no systemd to talk to; what the set-up asks of it is written down.
cat >"$root/usr/local/sbin/systemctl" <<'SHIM'
#!/bin/sh
echo "$*" >>/run/systemctl.log
SHIM
chmod 755 "$root/usr/local/sbin/systemctl"

# What cloud-init does before it runs the user data.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
chroot "$root" useradd --create-home --shell /bin/bash --password '*' ec2-user
mkdir -m 700 "$root/home/ec2-user/.ssh"
cp "$files/authorized_key" "$root/home/ec2-user/.ssh/authorized_keys"
chroot "$root" chown -R ec2-user: /home/ec2-user/.ssh
chroot "$root" ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
cp "$files/set-up" "$root/run/set-up"
chroot "$root" /bin/bash /run/set-up

exec chroot "$root" /usr/sbin/sshd -D -e
