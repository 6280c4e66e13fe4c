"""VoiceHive: the web app, its API and its commands."""

__version__ = "0.1.0"
