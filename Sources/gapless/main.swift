internal import Command

Program.run()
