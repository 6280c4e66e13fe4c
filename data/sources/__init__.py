"""One file a platform: its payload in, validated CallEvents out; pure."""
