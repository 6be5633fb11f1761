from supportops.cli.main import main

main()
