import com.xebialabs.overthere.CmdLine;
import com.xebialabs.overthere.ConnectionOptions;
import com.xebialabs.overthere.Overthere;
import com.xebialabs.overthere.OverthereConnection;
import com.xebialabs.overthere.cifs.CifsConnectionType;
import com.xebialabs.overthere.spi.ProcessConnection;
import com.xebialabs.overthere.util.DefaultAddressPortMapper;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/**
 * Gives Windows hosts' options to the vendor's library: to its SMB connection, then to the WinRM one inside of it.
 *
 * Standard input: one block of options in the format of java.util.Properties for each host, ended by a line "---".
 * Output: two lines for each, "ok", or the exception with its causes. Windows need not be there: who listens at the
 * ports sees what the library sends.
 */
public class WinRmDriver {
    private static final String PROTOCOL = "smb";

    private interface Attempt {
        void run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        for (String block : input.split("(?m)^---\n")) {
            Properties asked = new Properties();
            asked.load(new StringReader(block));
            ConnectionOptions options = new ConnectionOptions();
            asked.stringPropertyNames().forEach(name -> options.set(name, typed(asked.getProperty(name))));
            say(() -> connect(new ConnectionOptions(options)));
            say(() -> execute(new ConnectionOptions(options)));
        }
        System.exit(0);
    }

    private static void connect(ConnectionOptions options) throws Exception {
        try (OverthereConnection connection = Overthere.getConnection(PROTOCOL, options)) {
            connection.getFile("C:\\Windows");
        }
    }

    private static void execute(ConnectionOptions options) {
        options.set(ConnectionOptions.PROTOCOL, PROTOCOL);
        CifsConnectionType type = options.getEnum("connectionType", CifsConnectionType.class);
        ProcessConnection commands = type.getProcessConnection(options, DefaultAddressPortMapper.INSTANCE, null);
        commands.startProcess(CmdLine.build("hostname"));
    }

    /** Deploy hands over a number for a property of kind integer. */
    private static Object typed(String value) {
        return value.matches("[0-9]+") ? (Object) Integer.valueOf(value) : value;
    }

    private static void say(Attempt attempt) {
        try {
            attempt.run();
            System.out.println("ok");
        } catch (Exception failure) {
            StringBuilder text = new StringBuilder();
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                String separator = text.length() == 0 ? "" : " <- ";
                text.append(separator).append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
            }
            System.out.println(text.toString().replaceAll("\\s+", " "));
        }
    }
}
