"""The suite command: all categories on one model as one resumable eval set, with a plan and a table.

    gemma-distress run --model openai/gpt-4.1-mini --preset quick

`options` is what the user asked, `plan` what that amounts to, `estimate` what it will cost, `folder`
what already exists of it, `unrated` which replies lack a rating and why, `again` rates those that a
grader failed on, `ceiling` what has been spent, `table` what came out; `run` ties them together.
"""
