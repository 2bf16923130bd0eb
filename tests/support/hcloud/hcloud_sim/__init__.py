"""A test part: what looks like Hetzner's API. See hcloud-sim."""
