internal import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a script that completes commands and options in a shell.",
        discussion: """
            bash: source <(gapless completion bash), or into /etc/bash_completion.d/gapless
            zsh: gapless completion zsh > _gapless, in a directory of $fpath
            fish: gapless completion fish > ~/.config/fish/completions/gapless.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("SHELL: expected \(CompletionShell.allCases.map(\.rawValue).joined(separator: ", ")), not \(shell)")
        }
        say(Gapless.completionScript(for: shell))
    }
}
