import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Ruler;

/**
 * Matches events against a pattern with the library that EventBridge itself is built on.
 *
 * Standard input: the pattern on the first line, an event on each further line. Output: "true" or "false" for each.
 */
public class RulerDriver {
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String pattern = input.readLine();
        for (String event = input.readLine(); event != null; event = input.readLine()) {
            System.out.println(Ruler.matchesRule(event, pattern));
        }
    }
}
