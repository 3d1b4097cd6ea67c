"""What can be said of a policy before it is played: its setting, its warnings, and their means.

What is peculiar to one kind is said by the explainer in its family's folder.
"""
