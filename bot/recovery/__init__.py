"""Finds what the bot was not told of, or could not take in, and has it handled after all.

GitHub delivers once, and not in any order. So the bot looks by itself: soon, for deliveries that
failed, in GitHub's own log of them; and more seldom for branches that moved without a word.
"""
