#!/bin/bash
# Makes an instance a jumpstation: its one user forwards SSH to the given subnets and can do nothing else.
# Expects SUBNETS (ranges separated by spaces); CDK writes it in front of this text.
set -euo pipefail

user=jump
keys=/etc/ssh/jumpstation.keys
routes=/usr/local/sbin/jumpstation-routes
metadata=http://169.254.169.254/latest

# '*' is no password; '!' would be a locked account, which sshd refuses even with a key.
id "$user" &>/dev/null || useradd --no-create-home --shell /sbin/nologin --password '*' "$user"

# The user's keys are those of the instance's key pair. Root owns the file, so the user cannot add one.
token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") || token=
public_keys=$(curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/public-keys/0/openssh-key") ||
  public_keys=$(cat /home/ec2-user/.ssh/authorized_keys)
printf '%s\n' "$public_keys" | grep -E '^(ssh|ecdsa)-' | sed 's/^/restrict,port-forwarding /' >"$keys"
chmod 644 "$keys"

# sshd takes the first value that it reads, hence the name's 00. People come by Session Manager.
cat >/etc/ssh/sshd_config.d/00-jumpstation.conf <<CONFIG
AllowUsers $user
AuthorizedKeysFile $keys
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
# Overthere opens one connection here for each of its targets; the default refuses some from about 20.
MaxStartups 100:30:200
# No shell, command or file transfer: forwarding needs no session.
MaxSessions 0
PermitTTY no
AllowTcpForwarding local
PermitOpen *:22
AllowStreamLocalForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
GatewayPorts no
ClientAliveInterval 60
ClientAliveCountMax 3
CONFIG
grep -qE '^Include /etc/ssh/sshd_config.d/' /etc/ssh/sshd_config ||
  sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config

# PermitOpen knows no ranges. The kernel does: the user's connections have a route into the subnets only.
# (Port 53: names are resolved as this user. The replies to Deploy belong to root's listening socket.)
cat >"$routes" <<ROUTES
#!/bin/bash
set -euo pipefail
uid=\$(id -u $user)
for family in -4 -6; do
  while ip \$family rule del priority 1022 2>/dev/null || ip \$family rule del priority 1023 2>/dev/null; do :; done
  for protocol in udp tcp; do
    ip \$family rule add priority 1022 uidrange "\$uid-\$uid" ipproto \$protocol dport 53 lookup main
  done
  ip \$family rule add priority 1023 uidrange "\$uid-\$uid" prohibit
done
for subnet in $SUBNETS; do
  case \$subnet in *:*) family=-6 ;; *) family=-4 ;; esac
  ip \$family rule add priority 1022 uidrange "\$uid-\$uid" to "\$subnet" ipproto tcp dport 22 lookup main
done
ROUTES
chmod 755 "$routes"
"$routes"

mkdir -p /etc/systemd/networkd.conf.d
cat >/etc/systemd/networkd.conf.d/90-jumpstation.conf <<'NETWORKD'
[Network]
ManageForeignRoutingPolicyRules=no
NETWORKD
cat >/etc/systemd/system/jumpstation-routes.service <<UNIT
[Unit]
Description=Limits where the jumpstation's user can connect to
Before=sshd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$routes

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable jumpstation-routes.service

sshd -t
systemctl restart sshd
