# The set-up of an instance: sudo to another user, and an sshd that forwards nothing.
set -eu
useradd --create-home --shell /bin/bash --password '*' appuser
echo 'ec2-user ALL=(appuser,root) NOPASSWD: ALL' >/etc/sudoers.d/ec2-user
chmod 440 /etc/sudoers.d/ec2-user
cat >/etc/ssh/sshd_config.d/00-host.conf <<'CONFIG'
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowTcpForwarding no
X11Forwarding no
MaxStartups 100:30:200
LogLevel VERBOSE
CONFIG
