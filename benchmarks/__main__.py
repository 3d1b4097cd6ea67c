"""The command `python -m benchmarks`; worker processes import this file, and nothing else by it."""

if __name__ == "__main__":
    from benchmarks.command import main

    main()
