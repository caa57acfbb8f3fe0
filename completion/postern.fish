# Completion of postern for fish. What may come next is said by `postern complete`.

function __postern_next
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in ($typed[1] complete $typed[2..-1] "$current" 2>/dev/null)
        switch $line
            case '<file>*'
                __fish_complete_path "$current"
            case '<directory>*'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end

complete -c postern -f -a '(__postern_next)'
