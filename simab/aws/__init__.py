"""AWS in simulated time: boto3 code that runs unchanged against a simulated endpoint.

`simab[aws]` installs what it needs. Nothing here is loaded with `import simab`.
"""
