"""From logs to answers: the turns table (`turns`), the statistics over it, and what the commands say of them.

Knows only logs and the numbers of the protocol: no task, no suite, no torch.
"""
