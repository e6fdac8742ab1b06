import static com.xebialabs.overthere.util.CapturingOverthereExecutionOutputHandler.capturingHandler;

import com.xebialabs.overthere.CmdLine;
import com.xebialabs.overthere.ConnectionOptions;
import com.xebialabs.overthere.Overthere;
import com.xebialabs.overthere.OverthereConnection;
import com.xebialabs.overthere.OverthereFile;
import com.xebialabs.overthere.util.CapturingOverthereExecutionOutputHandler;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Opens connections with the vendor's library, all at the same time, and says what happened in one line for each.
 *
 * Standard input: one block in the format of java.util.Properties for each connection, ended by a line "---".
 * Properties: options of the host with the prefix "host.", of its jumpstation with "jumpstation."; "file" and
 * "content" of a file to write; "command" for a shell, its words separated by tabs. Output: "ok", exit status, and
 * lines of the command's output joined by blanks; or "error" and the exception with its causes. Fields are separated by tabs.
 */
public class OverthereDriver {
    private static final int SECONDS = 90;

    public static void main(String[] arguments) throws Exception {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        List<Future<String>> results = new ArrayList<>();
        ExecutorService pool = Executors.newCachedThreadPool();
        for (String block : input.split("(?m)^---\n")) {
            Properties connection = new Properties();
            connection.load(new StringReader(block));
            results.add(pool.submit(() -> connect(connection)));
        }
        for (Future<String> result : results) {
            System.out.println(result.get(SECONDS, TimeUnit.SECONDS));
        }
        // Forwarding threads of the library may still be waiting.
        System.exit(0);
    }

    private static String connect(Properties asked) {
        ConnectionOptions options = options(asked, "host.");
        ConnectionOptions jumpstation = options(asked, "jumpstation.");
        if (!jumpstation.keys().isEmpty()) {
            options.set(ConnectionOptions.JUMPSTATION, jumpstation);
        }
        try (OverthereConnection connection = Overthere.getConnection("ssh", options)) {
            OverthereFile file = connection.getFile(asked.getProperty("file"));
            try (OutputStream stream = file.getOutputStream()) {
                stream.write(asked.getProperty("content").getBytes(StandardCharsets.UTF_8));
            }
            CapturingOverthereExecutionOutputHandler output = capturingHandler();
            CmdLine command = CmdLine.build(asked.getProperty("command").split("\t"));
            int status = connection.execute(output, capturingHandler(), command);
            return "ok\t" + status + "\t" + String.join(" ", output.getOutputLines());
        } catch (Exception failure) {
            return "error\t" + chain(failure);
        }
    }

    private static ConnectionOptions options(Properties asked, String prefix) {
        ConnectionOptions options = new ConnectionOptions();
        for (String name : asked.stringPropertyNames()) {
            if (name.startsWith(prefix)) {
                options.set(name.substring(prefix.length()), asked.getProperty(name));
            }
        }
        return options;
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
