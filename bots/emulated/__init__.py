"""Telegram and Twilio on loopback, with their habits and their bad days: for tests, rehearsals and the demo."""
