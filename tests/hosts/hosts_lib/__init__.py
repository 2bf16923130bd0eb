"""What the scenarios on hosts with systemd share."""
