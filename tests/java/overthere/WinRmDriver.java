import static com.xebialabs.overthere.util.CapturingOverthereExecutionOutputHandler.capturingHandler;

import com.xebialabs.overthere.CmdLine;
import com.xebialabs.overthere.ConnectionOptions;
import com.xebialabs.overthere.Overthere;
import com.xebialabs.overthere.OverthereConnection;
import com.xebialabs.overthere.OverthereFile;
import com.xebialabs.overthere.util.CapturingOverthereExecutionOutputHandler;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Copies a file to Windows hosts and back and runs a command there, with the vendor's library, on all at the same
 * time, and says in one line for each what happened.
 *
 * Standard input: one block in the format of java.util.Properties for each host, ended by a line "---". Properties:
 * options of the host with the prefix "host."; the paths "here", "there" and "back" of the file, its copy on the
 * host, and the copy of that; "command", its words separated by tabs. Output: "ok", exit status, and the lines of the
 * command's output and of its errors, joined by blanks; or "error" and the exception with its causes. Fields are
 * separated by tabs.
 */
public class WinRmDriver {
    private static final String PREFIX = "host.";
    private static final int SECONDS = 60;

    public static void main(String[] arguments) throws Exception {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        List<Future<String>> outcomes = new ArrayList<>();
        ExecutorService pool = Executors.newCachedThreadPool();
        for (String block : input.split("(?m)^---\n")) {
            Properties asked = new Properties();
            asked.load(new StringReader(block));
            outcomes.add(pool.submit(() -> outcome(asked)));
        }
        for (Future<String> outcome : outcomes) {
            System.out.println(inTime(outcome));
        }
        System.exit(0);
    }

    private static String inTime(Future<String> outcome) throws Exception {
        try {
            return outcome.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException failure) {
            return "error\t" + chain(failure);
        }
    }

    private static String outcome(Properties asked) {
        try (OverthereConnection host = Overthere.getConnection("smb", options(asked));
                OverthereConnection local = Overthere.getConnection("local", new ConnectionOptions())) {
            OverthereFile there = host.getFile(asked.getProperty("there"));
            local.getFile(asked.getProperty("here")).copyTo(there);
            there.copyTo(local.getFile(asked.getProperty("back")));
            CapturingOverthereExecutionOutputHandler output = capturingHandler();
            CapturingOverthereExecutionOutputHandler errors = capturingHandler();
            int status = host.execute(output, errors, CmdLine.build(asked.getProperty("command").split("\t")));
            String said = String.join(" ", output.getOutputLines());
            return String.join("\t", "ok", Integer.toString(status), said, String.join(" ", errors.getOutputLines()));
        } catch (Exception failure) {
            return "error\t" + chain(failure);
        }
    }

    private static ConnectionOptions options(Properties asked) {
        ConnectionOptions options = new ConnectionOptions();
        for (String name : asked.stringPropertyNames()) {
            if (name.startsWith(PREFIX)) {
                options.set(name.substring(PREFIX.length()), typed(asked.getProperty(name)));
            }
        }
        return options;
    }

    /** Deploy hands over a number for a property of kind integer. */
    private static Object typed(String value) {
        return value.matches("[0-9]+") ? (Object) Integer.valueOf(value) : value;
    }

    private static String chain(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String separator = text.length() == 0 ? "" : " <- ";
            text.append(separator).append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
        }
        return text.toString().replaceAll("\\s+", " ");
    }
}
