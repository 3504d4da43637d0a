"""The words that people read about rollouts: pure functions of recorded facts."""
